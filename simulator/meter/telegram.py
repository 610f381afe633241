"""A telegram of a Dutch smart meter's customer port (P1 companion standard 5.0.2)."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from ..physics.phases import PerPhase

TIME_ZONE = ZoneInfo("Europe/Amsterdam")
"""Telegrams carry local time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReading:
    """What the meter shows at one moment. Export is negative power."""

    at: datetime
    power_w: PerPhase
    voltage_v: PerPhase
    current_a: PerPhase
    imported_wh: tuple[float, float]
    """Registers of the low and the normal tariff."""
    exported_wh: tuple[float, float] = (0.0, 0.0)


def telegram(reading: MeterReading, serial: str) -> bytes:
    """Write a telegram, with its checksum."""
    local = reading.at.astimezone(TIME_ZONE)
    season = "S" if local.dst() else "W"
    total_w = sum(reading.power_w)
    lines = [
        "/VGM5\\2HARBOUR-E1",
        "",
        "1-3:0.2.8(50)",
        f"0-0:1.0.0({local:%y%m%d%H%M%S}{season})",
        f"0-0:96.1.1({serial.encode().hex().upper()})",
        f"1-0:1.8.1({_kwh(reading.imported_wh[0])})",
        f"1-0:1.8.2({_kwh(reading.imported_wh[1])})",
        f"1-0:2.8.1({_kwh(reading.exported_wh[0])})",
        f"1-0:2.8.2({_kwh(reading.exported_wh[1])})",
        f"0-0:96.14.0(000{tariff(reading.at)})",
        f"1-0:1.7.0({_kw(total_w)})",
        f"1-0:2.7.0({_kw(-total_w)})",
        "0-0:96.7.21(00003)",
        "0-0:96.7.9(00001)",
        "1-0:99.97.0()",
        *(f"1-0:{n}.32.0(00000)" for n in (32, 52, 72)),
        *(f"1-0:{n}.36.0(00000)" for n in (32, 52, 72)),
        "0-0:96.13.0()",
    ]
    for n, volts in zip((32, 52, 72), reading.voltage_v, strict=True):
        lines.append(f"1-0:{n}.7.0({volts:05.1f}*V)")
    for n, amperes in zip((31, 51, 71), reading.current_a, strict=True):
        # Whole amperes without a sign: that is all the standard gives.
        lines.append(f"1-0:{n}.7.0({round(abs(amperes)):03d}*A)")
    for n, watts in zip((21, 41, 61), reading.power_w, strict=True):
        lines.append(f"1-0:{n}.7.0({_kw(watts)})")
    for n, watts in zip((22, 42, 62), reading.power_w, strict=True):
        lines.append(f"1-0:{n}.7.0({_kw(-watts)})")
    body = "\r\n".join(lines).encode("ascii") + b"\r\n!"
    return body + f"{crc16(body):04X}\r\n".encode("ascii")


def tariff(at: datetime) -> int:
    """Return the tariff in force: 2 (normal) on weekdays from 7 to 23, 1 (low) otherwise."""
    local = at.astimezone(TIME_ZONE)
    return 2 if local.weekday() < 5 and 7 <= local.hour < 23 else 1


def crc16(data: bytes) -> int:
    """Return the checksum of the standard: CRC-16 with polynomial 0x8005, bits reflected, starting from 0."""
    crc = 0
    for byte in data:
        crc = (crc >> 8) ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc


def _crc_entry(index: int) -> int:
    for _ in range(8):
        index = (index >> 1) ^ (0xA001 if index & 1 else 0)
    return index


_CRC_TABLE = tuple(_crc_entry(index) for index in range(256))


def _kw(watts: float) -> str:
    return f"{max(0.0, watts) / 1000:06.3f}*kW"


def _kwh(watt_hours: float) -> str:
    return f"{watt_hours / 1000:010.3f}*kWh"
