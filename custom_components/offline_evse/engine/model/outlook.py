"""What a site would do if nobody steered it any more."""

from dataclasses import dataclass

from .phases import Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What happens if the site falls silent now: what chargers fall to, and what the worst fuse then carries."""

    falling_count: int
    """Chargers with a session that fall to another current by themselves."""
    holding_count: int = 0
    """Chargers with a session that keep what they have, because nothing makes their limit run out."""
    rising_count: int = 0
    """Chargers with a session that get more than now, because nothing holds them down any more."""
    to_a: float | None = None
    """The highest current that one of those falls to, in A; None: none of them falls."""
    after_s: float = 0.0
    """When the last limit has run out, in s."""
    circuit_id: str | None = None
    """Where it is worst; None: there is no circuit."""
    phase: Phase | None = None
    """On which phase; None: at the limit in W for all phases together."""
    load: float = 0.0
    """What is carried there at most, in A, or in W where `phase` is None; the house counts with what it takes now."""
    limit: float = 0.0
    """What may be carried there, in the same unit."""

    full_load: float = 0.0
    """What the worst fuse carries if cars come to all chargers meanwhile and are given their floor, in its unit."""
    full_limit: float = 0.0
    """What that fuse may carry."""
    full_circuit_id: str | None = None
    """Which fuse that is; None: there is no circuit."""
    full_phase: Phase | None = None
    """On which phase; None: at the limit in W for all phases together."""

    @property
    def safe(self) -> bool:
        """Whether no fuse has to carry more than its rating, neither meanwhile nor in the end."""
        return self.load <= self.limit + 0.05

    @property
    def safe_when_full(self) -> bool:
        """Whether that is so even if cars come to all chargers meanwhile."""
        return self.full_load <= self.full_limit + 0.05
