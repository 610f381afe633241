"""The smart meter: its telegrams are read by the parser that Home Assistant uses, and they come over TCP."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from dsmr_parser import telegram_specifications
from dsmr_parser.clients.telegram_buffer import TelegramBuffer
from dsmr_parser.exceptions import InvalidChecksumError
from dsmr_parser.parsers import TelegramParser
import pytest

from simulator.meter.server import MeterServer
from simulator.meter.telegram import MeterReading, crc16, telegram
from simulator.physics.phases import PerPhase
from simulator.physics.site import Branch, SimulatedSite

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def reading(**changes: object) -> MeterReading:
    values: dict[str, object] = {
        "at": NOON,
        "power_w": PerPhase(1234.4, -567.8, 0.0),
        "voltage_v": PerPhase(229.96, 231.0, 233.14),
        "current_a": PerPhase(5.4, 2.5, 17.6),
        "imported_wh": (1_000_001.0, 2_000_002.0),
        **changes,
    }
    return MeterReading(**values)  # type: ignore[arg-type]


def parse(data: bytes) -> object:
    return TelegramParser(telegram_specifications.V5).parse(data.decode("ascii"))


def test_every_value_is_read_back() -> None:
    read = parse(telegram(reading(), "VGM5000000042"))
    values = {
        name: getattr(read, name).value
        for name in (
            "P1_MESSAGE_TIMESTAMP",
            "EQUIPMENT_IDENTIFIER",
            "CURRENT_ELECTRICITY_USAGE",
            "CURRENT_ELECTRICITY_DELIVERY",
            "ELECTRICITY_USED_TARIFF_1",
            "ELECTRICITY_USED_TARIFF_2",
            "ELECTRICITY_ACTIVE_TARIFF",
            "INSTANTANEOUS_ACTIVE_POWER_L1_POSITIVE",
            "INSTANTANEOUS_ACTIVE_POWER_L2_POSITIVE",
            "INSTANTANEOUS_ACTIVE_POWER_L2_NEGATIVE",
            "INSTANTANEOUS_VOLTAGE_L1",
            "INSTANTANEOUS_VOLTAGE_L3",
            "INSTANTANEOUS_CURRENT_L1",
            "INSTANTANEOUS_CURRENT_L3",
        )
    }
    assert values == {
        "P1_MESSAGE_TIMESTAMP": NOON,
        "EQUIPMENT_IDENTIFIER": b"VGM5000000042".hex().upper(),
        "CURRENT_ELECTRICITY_USAGE": Decimal("0.667"),
        "CURRENT_ELECTRICITY_DELIVERY": Decimal("0.000"),
        "ELECTRICITY_USED_TARIFF_1": Decimal("1000.001"),
        "ELECTRICITY_USED_TARIFF_2": Decimal("2000.002"),
        "ELECTRICITY_ACTIVE_TARIFF": "0002",
        "INSTANTANEOUS_ACTIVE_POWER_L1_POSITIVE": Decimal("1.234"),
        "INSTANTANEOUS_ACTIVE_POWER_L2_POSITIVE": Decimal("0.000"),
        "INSTANTANEOUS_ACTIVE_POWER_L2_NEGATIVE": Decimal("0.568"),
        "INSTANTANEOUS_VOLTAGE_L1": Decimal("230.0"),
        "INSTANTANEOUS_VOLTAGE_L3": Decimal("233.1"),
        "INSTANTANEOUS_CURRENT_L1": Decimal(5),
        "INSTANTANEOUS_CURRENT_L3": Decimal(18),
    }


@pytest.mark.parametrize("at", [datetime(2026, 1, 5, 23, 30, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)])
def test_local_time_is_unambiguous(at: datetime) -> None:
    read = parse(telegram(reading(at=at), "X"))
    assert read.P1_MESSAGE_TIMESTAMP.value == at  # type: ignore[attr-defined]


def test_the_checksum_is_that_of_the_standard_and_guards_the_telegram() -> None:
    assert crc16(b"123456789") == 0xBB3D  # CRC-16/ARC check value
    data = telegram(reading(), "X")
    with pytest.raises(InvalidChecksumError):
        parse(data.replace(b"1.234", b"1.235"))


async def test_telegrams_reach_every_client_until_the_meter_freezes() -> None:
    site = SimulatedSite((Branch(name="main", rating_a=25),), {})
    meter = MeterServer(site)
    await meter.start()
    try:
        lines = [await asyncio.open_connection("127.0.0.1", meter.port) for _ in range(2)]
        async with asyncio.timeout(5):
            while meter.clients < 2:
                await asyncio.sleep(0)

        async def received(count: int) -> list[list[str]]:
            found = []
            for reader, _ in lines:
                buffer = TelegramBuffer()
                telegrams: list[str] = []
                async with asyncio.timeout(5):
                    while len(telegrams) < count:
                        buffer.append((await reader.read(4096)).decode("ascii"))
                        telegrams += buffer.get_all()
                found.append(telegrams)
            return found

        now = NOON
        for second in range(3):
            now = NOON + timedelta(seconds=second)
            meter.publish(now)
        one, other = await received(3)
        assert one == other
        assert [parse(t.encode()).P1_MESSAGE_TIMESTAMP.value for t in one] == [  # type: ignore[attr-defined]
            NOON + timedelta(seconds=second) for second in range(3)
        ]
        meter.silence(now + timedelta(seconds=10))
        for second in range(1, 10):
            meter.publish(now + timedelta(seconds=second))
        assert meter.published == 3
        meter.publish(now + timedelta(seconds=10))
        assert [len(telegrams) for telegrams in await received(1)] == [1, 1]
        for _, writer in lines:
            writer.close()
    finally:
        await meter.stop()


async def test_frozen_values_come_with_fresh_times() -> None:
    site = SimulatedSite((Branch(name="main", rating_a=25),), {})
    meter = MeterServer(site)
    await meter.start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", meter.port)
        async with asyncio.timeout(5):
            while not meter.clients:
                await asyncio.sleep(0)
        site.active_w = PerPhase(1000, 0, 0)
        meter.publish(NOON)
        meter.stick(NOON + timedelta(seconds=60))
        site.active_w = PerPhase(5000, 0, 0)
        meter.publish(NOON + timedelta(seconds=1))
        meter.publish(NOON + timedelta(seconds=61))
        buffer = TelegramBuffer()
        telegrams: list[str] = []
        async with asyncio.timeout(5):
            while len(telegrams) < 3:
                buffer.append((await reader.read(4096)).decode("ascii"))
                telegrams += buffer.get_all()
        read = [parse(t.encode()) for t in telegrams]
        powers = [t.INSTANTANEOUS_ACTIVE_POWER_L1_POSITIVE.value for t in read]  # type: ignore[attr-defined]
        assert powers == [Decimal("1.000"), Decimal("1.000"), Decimal("5.000")]
        assert len({t.P1_MESSAGE_TIMESTAMP.value for t in read}) == 3  # type: ignore[attr-defined]
        writer.close()
    finally:
        await meter.stop()


async def test_a_meter_that_is_gone_cuts_everybody_off_and_takes_nobody_in_until_it_is_back() -> None:
    site = SimulatedSite((Branch(name="main", rating_a=25),), {})
    meter = MeterServer(site)
    await meter.start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", meter.port)
        async with asyncio.timeout(5):
            while not meter.clients:
                await asyncio.sleep(0)
            meter.publish(NOON)
            meter.hang_up(NOON + timedelta(seconds=30))
            while await reader.read(4096):
                pass
            writer.close()
            late, late_writer = await asyncio.open_connection("127.0.0.1", meter.port)
            assert await late.read(1) == b""
            late_writer.close()
            assert meter.clients == 0
            meter.publish(NOON + timedelta(seconds=29))
            assert meter.published == 1
            meter.publish(NOON + timedelta(seconds=30))
            back, back_writer = await asyncio.open_connection("127.0.0.1", meter.port)
            while not meter.clients:
                await asyncio.sleep(0)
            meter.publish(NOON + timedelta(seconds=31))
            assert await back.readexactly(1)
            back_writer.close()
    finally:
        await meter.stop()
