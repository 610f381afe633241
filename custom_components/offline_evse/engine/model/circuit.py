"""The fuse tree: circuits with their limits, and the chargers that hang in them."""

from dataclasses import dataclass, field

from .phases import IN_ORDER, PhaseAmperes, Wiring
from .station import EvseKey

MINIMUM_CURRENT_A = 6.0
"""The lowest current that IEC 61851-1 can signal to a car."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """A fuse, or anything else with a limit, and its place in the tree. The root has no parent."""

    circuit_id: str
    name: str
    parent_id: str | None = None
    limit_a: PhaseAmperes
    """What each phase may carry, in A; 0 for a phase the circuit does not have."""
    limit_w: float | None = None
    """What all phases together may carry, in W."""
    metered: bool = False
    """Whether a meter reports this circuit's currents."""
    phases_measured: bool = True
    """Whether that meter tells the phases; False: it tells their sum only, which is taken as evenly spread."""
    margin_a: float = 1.0
    """Kept free on each phase, in A, for what the meter has not said yet."""
    reserve_a: float = 0.0
    """Assumed for everything but chargers where no meter tells: always on an unmetered circuit, and on a
    metered one while its meter is silent."""
    stale_after_s: float = 10.0
    """Age of the last meter report, in s, after which it is not believed any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvsePlacement:
    """Where an EVSE hangs in the tree, and what it and its cable can do."""

    evse: EvseKey
    circuit_id: str
    wiring: Wiring = IN_ORDER
    minimum_a: float = MINIMUM_CURRENT_A
    maximum_a: float = 16.0
    safe_a: float = MINIMUM_CURRENT_A
    """Current it falls back to when it cannot be told better; 0 stops it."""
    step_a: float = 0.1
    """Smallest difference it can follow, in A."""
    priority: int = 0
    """Higher classes are served first."""
    weight: float = 1.0
    """Share within its class."""
    hardware_a: float | None = None
    """What it may draw where no limit of ours holds any more; None: no more than `maximum_a`."""
    unseen_a: float | None = None
    """What a car may draw that plugs in while the station is out of sight; None: `safe_a`."""
    can_switch_phases: bool = False
    """Whether it can be told to charge on one phase instead of three, and back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLayout:
    """The whole tree: circuits in any order, and the EVSEs in it."""

    circuits: tuple[Circuit, ...] = ()
    placements: tuple[EvsePlacement, ...] = field(default=())
