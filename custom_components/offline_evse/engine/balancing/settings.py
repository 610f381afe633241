"""How quickly and how carefully the balancing reacts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancingSettings:
    """Times and steps of the control layer. The defaults suit a meter that reports every second."""

    voltage_v: float = 230.0
    """Phase voltage by which amperes become watts where a limit is in W."""

    window_s: float = 60.0
    """An offer is raised only to what was free for this long without a break."""
    startup_history_s: float = 3.0
    """Right after the start, when a meter has not been heard for a whole window yet: this much must do."""
    raise_step_a: float = 1.0
    """An offer is raised by at least this much, or to the most the charger may have."""
    fine_step_a: float = 0.25
    """An offer that has not changed for `fine_after_s` is raised by this much already."""
    fine_after_s: float = 180.0
    min_raise_interval_s: float = 20.0
    """An offer is not raised sooner than this after its last change."""
    hurry_s: float = 10.0
    """For this long after somebody has asked for more, or a session has begun, an offer is raised without waiting."""
    lower_dead_band_a: float = 0.2
    """A cut goes this much further than needed (never below the minimum), so that a flicker needs no second one."""
    min_command_interval_s: float = 5.0
    """For the sender: a charger's pilot cannot change more often, so commands closer together are coalesced.
    Decisions themselves never wait for it."""

    in_flight_s: float = 12.0
    """Until then after a cut, a car that still draws the old current is taken to be on its way down."""
    attribution_s: float = 15.0
    """How long a rise of the meter may be taken for a car's that is within its offer, before its own reports
    have to show it."""
    draw_stale_s: float = 150.0
    """Age after which a car's reported draw says nothing any more."""

    resume_after_s: float = 120.0
    """A car that had to be paused stays paused for at least this long."""
    resume_margin_a: float = 2.0
    """There must be this much above its minimum before a paused car resumes, unless it has waited for a slot."""
    slot_s: float = 900.0
    """How long a car keeps its turn where there is not enough for everyone's minimum."""

    hold_s: float = 30.0
    """A meter that has just fallen silent counts with its highest load of `history_s`; after this, safe currents."""
    history_s: float = 600.0
    """How far back that highest load is sought."""

    reclaim_after_s: float = 60.0
    """A car that takes clearly less than offered for this long gets its offer lowered to what it takes."""
    reclaim_margin_a: float = 2.0
    """What it keeps above its draw, so that it can show that it wants more."""
    probe_interval_s: float = 600.0
    """After this it is offered its full share again."""

    overdraw_least_a: float = 0.3
    """A car that stays above its offer by less than this is on it."""
    overdraw_most_a: float = 2.0
    """A car that stays above its offer by no more than this is reckoned with as it is; above, it does not obey."""
    pause_disobedient_after_s: float = 12.0
    """How long others give way to a car that does not obey, while a fuse is over its limit, before it is paused."""
    stop_disobedient_after_s: float = 20.0
    """How long after that its transaction is to be stopped."""
    close_disobedient_after_s: float = 20.0
    """How long after that its EVSE is to be taken out of service."""
    alarm_after_s: float = 20.0
    """How long after that somebody has to be called."""
    disobedient_pause_s: float = 120.0
    """How long a car stays paused once it has obeyed a pause for not obeying; doubles with every further time."""

    heat_tau_s: float = 120.0
    """Time constant of a fuse's heat."""
    heat_most: float = 1.2
    """Heat that no fuse may come to: it may trip from 1.28 on."""
    heat_ahead_s: float = 10.0
    """How far ahead a fuse's heat is reckoned at its present current."""
    heat_hold: float = 1.05
    """Above this nothing on a fuse rises."""
    heat_cool: float = 1.0
    """At this, those that were paused for a hot fuse may go on."""

    slept_after_s: float = 300.0
    """After a pause of this length a car may have fallen asleep."""
    wake_after_s: float = 60.0
    """How long it may then draw nothing from its offer before it is woken."""
    wake_pause_s: float = 10.0
    """Length of the pause that wakes it."""
    wake_tries: int = 3
    """How often that is tried after one pause."""
    most_starts_per_hour: int = 8
    """How often an hour a car that was paused for want of room may be started again (more where slots are shorter)."""

    learn_step_s: float = 60.0
    """A car that hardly charges at a low current is offered 1 A more after this."""
    learn_most_a: float = 10.0
    """Up to this current."""
    learn_least_a: float = 3.0
    """A car that draws less than this at its lowest currents does not charge sensibly."""

    fewer_phases_after_s: float = 60.0
    """After this long without room for its minimum on all phases, an EVSE that can is told to use one."""
    more_phases_after_s: float = 600.0
    """After this long with room on all phases it is told to use all again."""
    phase_switch_s: float = 10.0
    """How long it is off for that, so that its car lets go."""
    phase_confirm_s: float = 30.0
    """How long the station may take to confirm it."""
    most_phase_switches: int = 4
    """How often in one session."""

    stall_s: float = 5.0
    """Nobody having looked for longer than this means that nothing was observed meanwhile."""
    frozen_after_s: float = 20.0
    """A meter that repeats itself for this long although its cars have changed is frozen."""
    frozen_change_a: float = 3.0
    """By how much they must have changed on one phase."""
