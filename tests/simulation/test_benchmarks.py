"""The benchmark of the balancing, in small: what it says must be true of any run."""

from dataclasses import replace
import itertools
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.balancing import measure, verdict
from benchmarks.control_laws.all_laws import NONE, OTHERS, OURS, ours
from benchmarks.judging.figures import Figures, FuseWatch, jain
from benchmarks.judging.optimum import optimum_kwh
from benchmarks.judging.picture import Panel, Point, write
from benchmarks.scenarios.all_scenarios import SCENARIOS
from benchmarks.scenarios.scenario import Scenario
from benchmarks.site_model.run import Run


def _short(name: str, hours: float) -> Scenario:
    return replace(SCENARIOS[name], hours=hours)


def test_none_beats_ours() -> None:
    scenario = _short("hostile-1", 1.0)
    laws = {**OTHERS, OURS: ours()}
    results = {name: measure(scenario, law, (1,)) for name, law in laws.items()}
    mine = results[OURS]
    assert mine.trips == 0
    assert mine.longest_s <= 15
    assert mine.below_minimum == 0
    for name in OTHERS:
        other = results[name]
        assert other.over_s > mine.over_s or other.energy_kwh < mine.energy_kwh, name
    assert "better on both axes: none" in verdict(results)


def test_no_control_trips() -> None:
    figures = measure(_short("hostile-4", 0.25), next(iter(NONE.values())), (1,))
    assert figures.trips == 3
    assert figures.far_over_s > 15


@pytest.mark.parametrize("name", ["steps", "offline", "restart", "rejects", "overdraw", "slow", "grid-limit", "clouds"])
def test_nothing_trips(name: str) -> None:
    figures = measure(_short(name, 0.75), ours(), (1,))
    assert figures.trips == 0
    assert figures.far_over_s <= 15
    assert figures.below_minimum == 0
    assert figures.energy_kwh > 1.0


def test_grid_limit_kept() -> None:
    figures = measure(_short("grid-limit", 0.75), ours(), (1,))
    assert figures.comply_s <= 60
    assert figures.over_limit_s == 0


def test_optimum_above_everything() -> None:
    run = Run(_short("calm", 0.5), 1, ours())
    best_kwh, fuse_kwh = optimum_kwh(run, margins=True), optimum_kwh(run, margins=False)
    figures = run.run()
    assert figures.energy_kwh <= best_kwh < fuse_kwh
    assert figures.energy_kwh > 0.85 * best_kwh
    assert min(figures.jain) >= 0.95


def test_same_seed_same_run() -> None:
    scenario = _short("everyday", 0.25)
    assert measure(scenario, ours(), (3,)) == measure(scenario, ours(), (3,))


def test_breaker_warms_up_and_trips() -> None:
    figures = Figures()
    watch = FuseWatch([10.0, 10.0, 0.0], figures)
    for _ in range(60):
        watch.second([20.0, 20.0, 99.0], [0.0, 11.0, 0.0])
    watch.finish()
    assert figures.trips == 2
    assert figures.over_s == 60
    assert figures.runs_s == [60]
    assert figures.theta == pytest.approx(4 * (1 - (1 - 1 / 120) ** 60))


def test_fair_shares() -> None:
    assert jain([1.0, 1.0, 1.0]) == pytest.approx(1.0)
    assert jain([1.0, 0.0, 0.0, 0.0]) == pytest.approx(0.25)


def test_picture_is_readable(tmp_path: Path) -> None:
    path = tmp_path / "picture.svg"
    points = [
        Point(name="a < b", over_s=5000, energy_kwh=200),
        Point(name="ours", over_s=500, energy_kwh=210, ours=True),
    ]
    write(path, [Panel("one", points), Panel("two", points)], "note")
    text = path.read_text(encoding="utf-8")
    ET.fromstring(text)  # noqa: S314 (reads only what was just written here)
    assert "prefers-color-scheme: dark" in text
    assert text.count("<circle") == 4
    assert text.count("a &lt; b") == 1


def test_names_in_the_picture_meet_nothing(tmp_path: Path) -> None:
    path = tmp_path / "picture.svg"
    crowd = [Point(name=f"law {n}", over_s=3000 + 5 * n, energy_kwh=200 + n / 10, trips=n == 0) for n in range(8)]
    write(path, [Panel("crowd", [*crowd, Point(name="ours", over_s=3000, energy_kwh=201, ours=True)])], "note")
    root = ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 (reads only what was just written here)
    named = [
        (float(it.attrib["x"]), float(it.attrib["y"]))
        for it in root.iter("{http://www.w3.org/2000/svg}text")
        if it.attrib.get("class", "").startswith("name")
    ]
    assert len(named) == 9
    assert all(
        abs(one[0] - other[0]) >= 8 or abs(one[1] - other[1]) >= 13 for one, other in itertools.combinations(named, 2)
    )
