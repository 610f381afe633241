"""What a station's meter says of an EVSE, and how each OCPP version writes it down."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..physics.evse import Evse

MEASURANDS = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Current.Import",
    "Voltage",
    "Current.Offered",
    "Power.Offered",
    "SoC",
)
"""Everything a station here can measure."""

UNITS = {
    "Energy.Active.Import.Register": "Wh",
    "Power.Active.Import": "W",
    "Current.Import": "A",
    "Voltage": "V",
    "Current.Offered": "A",
    "Power.Offered": "W",
    "SoC": "Percent",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One look at an EVSE's meter. Currents and voltages are per charger terminal."""

    at: datetime
    context: str
    register_wh: int
    power_w: float
    currents_a: tuple[float, ...]
    voltages_v: tuple[float, ...]
    offered_a: float
    soc: float | None
    """0 to 1; None where the car does not tell."""

    def values(self, measurands: tuple[str, ...]) -> list[tuple[str, str | None, float]]:
        """Return (measurand, phase, value) for what is asked, in the order asked."""
        found: list[tuple[str, str | None, float]] = []
        for measurand in measurands:
            match measurand:
                case "Energy.Active.Import.Register":
                    found.append((measurand, None, self.register_wh))
                case "Power.Active.Import":
                    found.append((measurand, None, round(self.power_w, 1)))
                case "Current.Import":
                    found += [(measurand, f"L{n}", round(a, 2)) for n, a in enumerate(self.currents_a, 1)]
                case "Voltage":
                    found += [(measurand, f"L{n}-N", round(v, 1)) for n, v in enumerate(self.voltages_v, 1)]
                case "Current.Offered":
                    found.append((measurand, None, round(self.offered_a, 1)))
                case "Power.Offered":
                    offered_w = self.offered_a * sum(self.voltages_v)
                    found.append((measurand, None, round(offered_w, 1)))
                case "SoC" if self.soc is not None:
                    found.append((measurand, None, round(self.soc * 100, 1)))
        return found


def read(evse: Evse, at: datetime, context: str, *, knows_soc: bool) -> Reading:
    """Look at the meter of an EVSE."""
    return Reading(
        at=at,
        context=context,
        register_wh=evse.register_wh,
        power_w=evse.power_w,
        currents_a=evse.terminals_a,
        voltages_v=evse.terminals_v,
        offered_a=evse.pilot_a,
        soc=evse.car.soc if knows_soc and evse.car is not None else None,
    )


def stamp(at: datetime) -> str:
    """Write a time as stations do: UTC, milliseconds, Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def meter_value_v16(reading: Reading, measurands: tuple[str, ...]) -> dict[str, Any] | None:
    """Write a reading as a MeterValue of OCPP 1.6; None if there is nothing to write."""
    samples = [
        {
            "value": str(value),
            "context": reading.context,
            "format": "Raw",
            "measurand": measurand,
            "phase": phase,
            "location": "EV" if measurand == "SoC" else "Outlet",
            "unit": UNITS[measurand],
        }
        for measurand, phase, value in reading.values(measurands)
    ]
    return {"timestamp": stamp(reading.at), "sampled_value": samples} if samples else None


def meter_value_v201(reading: Reading, measurands: tuple[str, ...]) -> dict[str, Any] | None:
    """Write a reading as a MeterValue of OCPP 2.0.1; None if there is nothing to write."""
    samples = [
        {
            "value": value,
            "context": reading.context,
            "measurand": measurand,
            "phase": phase,
            "location": "EV" if measurand == "SoC" else "Outlet",
            "unit_of_measure": {"unit": UNITS[measurand]},
        }
        for measurand, phase, value in reading.values(measurands)
    ]
    return {"timestamp": stamp(reading.at), "sampled_value": samples} if samples else None
