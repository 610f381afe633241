"""Figures as lines of tables."""

from benchmarks.scenarios.scenario import Scenario

from .figures import Figures

LAW_COLUMNS = (
    "control law",
    "over-current s",
    "longest s",
    "excess kA²s",
    "θ τ=120",
    "θ τ=60",
    "trips",
    "kWh",
    "limits/car h",
    "turns/car h",
    "pauses",
)
SCENARIO_COLUMNS = (
    "scenario",
    "over s",
    "back p50/95/max s",
    "θ τ=120",
    "trips",
    "kWh",
    "of optimum",
    "of fuse's",
    "need met",
    "Jain",
    "longest wait s",
    "limits/car h",
    "turns/car h",
    "pauses",
    "named rightly",
)


def law_row(name: str, figures: Figures) -> tuple[str, ...]:
    """Return a control law's line."""
    return (
        name,
        f"{figures.over_s:,}",
        str(figures.longest_s),
        f"{figures.excess_ka2s:,.0f}",
        f"{figures.theta:.2f}",
        f"{figures.pessimist_theta:.2f}",
        str(figures.trips),
        f"{figures.energy_kwh:,.0f}",
        f"{figures.commands_per_car_hour:.0f}",
        f"{figures.reversals_per_car_hour:.1f}",
        f"{figures.pauses:,}",
    )


def scenario_row(scenario: Scenario, figures: Figures) -> tuple[str, ...]:
    """Return a scenario's line."""
    return (
        scenario.name,
        str(figures.over_s),
        f"{figures.percentile_s(0.5)}/{figures.percentile_s(0.95)}/{figures.longest_s}",
        f"{figures.theta:.2f}",
        str(figures.trips),
        f"{figures.energy_kwh:,.1f}",
        f"{figures.energy_kwh / figures.optimum_kwh:.1%}" if figures.optimum_kwh else "-",
        f"{figures.energy_kwh / figures.fuse_optimum_kwh:.1%}" if figures.fuse_optimum_kwh else "-",
        f"{figures.met_kwh / figures.needed_kwh:.1%}" if figures.needed_kwh else "-",
        f"{min(figures.jain):.3f}" if figures.jain else "-",
        str(figures.starved_s),
        f"{figures.commands_per_car_hour:.1f}",
        f"{figures.reversals_per_car_hour:.1f}",
        str(figures.pauses),
        f"{figures.explained_rightly}/{figures.explained}" if figures.explained else "-",
    )


def shortfalls(scenario: Scenario, figures: Figures) -> list[str]:
    """Say in words what a scenario misses of what every scenario has to keep."""
    said = []
    if figures.trips:
        said.append(f"{figures.trips} trip(s), θ {figures.theta:.2f}")
    if figures.far_over_s > 15:
        said.append(f"{figures.far_over_s} s above 1.45 times a rating")
    if figures.below_minimum:
        said.append(f"{figures.below_minimum} offers below the minimum")
    if figures.jain and min(figures.jain) < 0.95:
        said.append(f"Jain {min(figures.jain):.3f}")
    if scenario.grid_limited and figures.energy_kwh < 0.97 * figures.optimum_kwh:
        said.append(f"{figures.energy_kwh / figures.optimum_kwh:.1%} of the optimum")
    if figures.explained_rightly < figures.explained:
        said.append(f"{figures.explained - figures.explained_rightly} limits named that did not bind")
    if figures.commands_per_car_hour >= 30:
        said.append(f"{figures.commands_per_car_hour:.0f} limits per car and hour")
    return said
