"""The arrows of docs/architecture.md hold in every file, and each rule sees the breach it is there for."""

from pathlib import Path, PurePosixPath

import pytest

from .arrows import (
    LONGEST_FILE,
    RULES,
    Rule,
    SourceFile,
    checkout,
    clock_is_a_parameter,
    engine_stands_alone,
    one_subject_per_file,
    platforms_know_site_and_model,
    pure_rooms_are_pure,
    rooms_meet_in_the_model,
    simulator_is_a_stranger,
    surroundings_are_given,
)

ROOT = Path(__file__).parents[2]
INTEGRATION = "custom_components/offline_evse"
ENGINE = f"{INTEGRATION}/engine"

BREACHES: list[tuple[Rule, str, str]] = [
    (engine_stands_alone, f"{ENGINE}/site/site.py", "import homeassistant.core"),
    (engine_stands_alone, f"{ENGINE}/site/site.py", "from homeassistant import const"),
    (
        engine_stands_alone,
        f"{ENGINE}/csms/a.py",
        "from custom_components.offline_evse.engine.model.phases import Phase",
    ),
    (engine_stands_alone, f"{ENGINE}/csms/a.py", "from ...const import DOMAIN"),
    (engine_stands_alone, f"{ENGINE}/csms/ocpp16/a.py", "from .... import const"),
    (rooms_meet_in_the_model, f"{ENGINE}/csms/a.py", "from ..ledger.store import Store"),
    (rooms_meet_in_the_model, f"{ENGINE}/csms/a.py", "from .. import ledger"),
    (rooms_meet_in_the_model, f"{ENGINE}/csms/ocpp16/a.py", "from ...tariffs import tariff"),
    (rooms_meet_in_the_model, f"{ENGINE}/uplink/a.py", "from ..site.site import Site"),
    (rooms_meet_in_the_model, f"{ENGINE}/uplink/a.py", "from ..csms.codec import Codec"),
    (rooms_meet_in_the_model, f"{ENGINE}/balancing/a.py", "from ..ocppj.frames import Call"),
    (rooms_meet_in_the_model, f"{ENGINE}/ocppj/a.py", "from ..csms.codec import Codec"),
    (rooms_meet_in_the_model, f"{ENGINE}/model/a.py", "from ..site.state import SiteState"),
    (
        rooms_meet_in_the_model,
        f"{ENGINE}/ledger/a.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..csms.codec import Codec",
    ),
    (pure_rooms_are_pure, f"{ENGINE}/balancing/a.py", "async def fill(): ..."),
    (pure_rooms_are_pure, f"{ENGINE}/tariffs/a.py", "import asyncio"),
    (pure_rooms_are_pure, f"{ENGINE}/tariffs/a.py", "from time import monotonic"),
    (clock_is_a_parameter, f"{ENGINE}/balancing/a.py", "from datetime import datetime, UTC\ndatetime.now(UTC)"),
    (clock_is_a_parameter, f"{ENGINE}/site/a.py", "import datetime as dt\ndt.datetime.utcnow()"),
    (clock_is_a_parameter, f"{ENGINE}/ledger/a.py", "import time\ntime.time()"),
    (clock_is_a_parameter, f"{ENGINE}/csms/a.py", "import asyncio\nasync def a(): await asyncio.sleep(5)"),
    (
        clock_is_a_parameter,
        f"{ENGINE}/csms/a.py",
        "import asyncio\nasync def a(): await asyncio.wait_for(b(), 1)",
    ),
    (clock_is_a_parameter, f"{ENGINE}/csms/a.py", "import asyncio\nasyncio.get_running_loop().call_later(1, print)"),
    (surroundings_are_given, f"{ENGINE}/uplink/a.py", "import os\nos.environ['TOKEN']"),
    (surroundings_are_given, f"{ENGINE}/uplink/a.py", "from os import environ"),
    (surroundings_are_given, f"{ENGINE}/ledger/a.py", "from pathlib import Path\nPath.home()"),
    (surroundings_are_given, f"{ENGINE}/csms/a.py", "seen = 0\ndef count():\n    global seen\n    seen += 1"),
    (platforms_know_site_and_model, f"{INTEGRATION}/sensor.py", "from .engine.ledger.store import Store"),
    (platforms_know_site_and_model, f"{INTEGRATION}/sensor.py", "from .engine import csms"),
    (
        simulator_is_a_stranger,
        "simulator/station/a.py",
        "from custom_components.offline_evse.engine.model import phases",
    ),
    (one_subject_per_file, f"{ENGINE}/csms/a.py", "\n" * (LONGEST_FILE + 1)),
    (one_subject_per_file, f"{ENGINE}/csms/utils.py", ""),
    (one_subject_per_file, f"{ENGINE}/csms/session_manager.py", ""),
    (one_subject_per_file, "simulator/helpers/car.py", ""),
]

ALLOWED: list[tuple[str, str]] = [
    (f"{ENGINE}/site/site.py", "from ..csms.handler import Handler\nfrom ..ledger.store import Store"),
    (f"{ENGINE}/csms/ocpp16/a.py", "from ...model.phases import Phase\nfrom ..codec import Codec\nimport orjson"),
    (f"{ENGINE}/uplink/a.py", "from ..ocppj.frames import Call"),
    (f"{ENGINE}/model/clock.py", "import asyncio\nfrom datetime import datetime, UTC\ndatetime.now(UTC)"),
    (f"{ENGINE}/tariffs/a.py", "from datetime import datetime, time\nfrom ..model.clock import Clock"),
    (f"{ENGINE}/ledger/a.py", "import asyncio\nasync def a(clock): await asyncio.sleep(0); clock.now()"),
    (f"{INTEGRATION}/runtime.py", "from .engine.ledger.store import Store\nfrom homeassistant.core import callback"),
    (f"{INTEGRATION}/sensor.py", "from .engine.site.state import SiteState\nfrom .engine.model.phases import Phase"),
    ("simulator/station/a.py", "from ocpp.v16 import call\nimport time"),
]


def written(path: str, text: str) -> SourceFile:
    return SourceFile(PurePosixPath(path), text)


def test_the_checkout_is_what_is_looked_at() -> None:
    paths = {str(file.path) for file in checkout(ROOT)}
    assert {f"{ENGINE}/site/site.py", f"{ENGINE}/model/clock.py", f"{INTEGRATION}/runtime.py"} <= paths
    assert any(path.startswith("simulator/") for path in paths)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_holds_everywhere(rule: Rule) -> None:
    assert [f"{file.path}:{breach}" for file in checkout(ROOT) for breach in rule(file)] == []


@pytest.mark.parametrize(("rule", "path", "text"), BREACHES)
def test_sees_a_breach(rule: Rule, path: str, text: str) -> None:
    assert list(rule(written(path, text))) != []


@pytest.mark.parametrize(("path", "text"), ALLOWED)
def test_leaves_the_allowed_alone(path: str, text: str) -> None:
    assert [breach for rule in RULES for breach in rule(written(path, text))] == []


def test_every_rule_has_a_breach_that_shows_it() -> None:
    assert {rule for rule, _, _ in BREACHES} == set(RULES)
