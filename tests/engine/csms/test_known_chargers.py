"""How far down the ladder the chargers are found that are known for refusing profiles."""

from collections.abc import Callable
from typing import Any

import pytest

from custom_components.offline_evse.engine.csms.ocpp16.codec import Ocpp16Codec
from custom_components.offline_evse.engine.csms.ocpp201.codec import Ocpp201Codec
from custom_components.offline_evse.engine.model.command import ApplyLimit, Outcome, ReadVariables
from tests.engine.clock import ManualClock
from tests.engine.csms.tally import Tally

LIMIT = ApplyLimit(evse_id=1, current_a=10, phases=3, transaction_id="7")

type Profile = dict[str, Any]


def periods(profile: Profile) -> list[dict[str, Any]]:
    """Return the periods of a 1.6 profile."""
    found: list[dict[str, Any]] = profile["chargingSchedule"]["chargingSchedulePeriod"]
    return found


CHARGERS: dict[str, Callable[[Profile], bool]] = {
    "abb_terra_ac_wants_level_0": lambda profile: profile["stackLevel"] == 0,
    "autel_wants_absolute_with_a_start": lambda profile: (
        profile["chargingProfileKind"] == "Absolute" and "startSchedule" in profile["chargingSchedule"]
    ),
    "microocpp_and_huawei_take_watts": lambda profile: profile["chargingSchedule"]["chargingRateUnit"] == "W",
    "timxon_takes_tx_default_only": lambda profile: profile["chargingProfilePurpose"] == "TxDefaultProfile",
    "wallbox_wants_relative_at_level_0": lambda profile: (
        profile["chargingProfileKind"] == "Relative" and profile["stackLevel"] == 0
    ),
    "one_period_only": lambda profile: len(periods(profile)) == 1 and profile["chargingProfileKind"] == "Absolute",
    "station_maximum_only": lambda profile: profile["chargingProfilePurpose"] == "ChargePointMaxProfile",
}


@pytest.mark.parametrize("name", CHARGERS)
def test_a_charger_that_takes_one_form_only_is_limited_in_that_form(name: str) -> None:
    """It is found by asking, and used at once from then on."""
    takes = CHARGERS[name]
    codec = Ocpp16Codec("cp1", ManualClock(), Tally())
    codec.decode_call("StatusNotification", {"connectorId": 1, "status": "Charging"})
    asked = 0
    while True:
        _, payload = codec.encode_command(LIMIT)
        asked += 1
        profile = payload["csChargingProfiles"]
        result = codec.decode_result(LIMIT, {"status": "Accepted" if takes(profile) else "Rejected"})
        if result.outcome is Outcome.ACCEPTED:
            break
        assert codec.next_rung(LIMIT, result)
    assert asked <= len(codec.ladder.shapes)
    _, payload = codec.encode_command(LIMIT)
    assert takes(payload["csChargingProfiles"])
    assert codec.ladder.proven


def test_delta_2_0_1_refuses_tx_profile_from_one_moment_on() -> None:
    """After three refusals in a row it is not asked for one any more."""
    codec = Ocpp201Codec("cp1", ManualClock(), Tally())
    codec.decode_result(LIMIT, {"status": "Accepted"})
    refused = 0
    for _ in range(10):
        while codec.encode_command(LIMIT)[1]["chargingProfile"]["chargingProfilePurpose"] == "TxProfile":
            assert codec.next_rung(LIMIT, codec.decode_result(LIMIT, {"status": "Rejected"}))
            refused += 1
        codec.decode_result(LIMIT, {"status": "Accepted"})
    assert refused == 6
    assert codec.ladder.current.purpose == "TxDefaultProfile"


def test_wallbox_answers_with_more_than_500_characters() -> None:
    """A list of measurands may be longer than the schema allows."""
    codec = Ocpp16Codec("cp1", ManualClock(), Tally())
    value = ",".join(["Energy.Active.Import.Register"] * 20)
    read = ReadVariables(("MeterValuesSampledData",))
    answer = {"configurationKey": [{"key": "MeterValuesSampledData", "readonly": False, "value": value}]}
    assert codec.decode_result(read, answer).variables == {"MeterValuesSampledData": value}
