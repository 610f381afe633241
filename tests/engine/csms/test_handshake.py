"""Dialling in: paths, versions, passwords, and firmware that does not do it by the book."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from unittest.mock import ANY

import aiohttp
import pytest

from custom_components.offline_evse.engine.csms.central_system import CentralSystem
from custom_components.offline_evse.engine.model.station import OcppVersion
from tests.engine.clock import ManualClock

from .charger import BOOT, Charger
from .conftest import Dial
from .site_double import SiteDouble

Url = Callable[[str], str]


@pytest.mark.parametrize(
    ("path", "identity"),
    [
        ("/CP1", "CP1"),
        ("/CP1/", "CP1"),
        ("//CP1", "CP1"),
        ("/ocpp//1.6///CP1//", "CP1"),
        ("/ocpp/CP1?token=x/y", "CP1"),
        ("/Acme%20Box%2B1", "Acme Box+1"),
        ("/G%C3%A4ste", "Gäste"),
    ],
)
async def test_last_path_segment_is_the_identity(site: SiteDouble, dial: Dial, path: str, identity: str) -> None:
    await dial(path)
    await site.until(lambda: site.connected)
    assert site.connected == [(identity, OcppVersion.V16, "127.0.0.1")]


async def test_serial_number_names_a_charger_without_path(site: SiteDouble, csms: CentralSystem, dial: Dial) -> None:
    site.adopted.add("SN-1")
    charger = await dial("/", ())
    assert (await charger.call("Heartbeat"))[:3] == [4, ANY, "SecurityError"]
    asked = await charger.request()
    assert asked[2:] == ["TriggerMessage", {"requestedMessage": "BootNotification"}]
    assert (await charger.call("BootNotification", BOOT))[2]["status"] == "Accepted"
    assert list(csms.connected) == ["SN-1"]
    assert csms.oddities("SN-1")["no_subprotocol"] == 1


async def test_user_name_names_a_charger_without_path(site: SiteDouble, dial: Dial) -> None:
    await dial("/", login="CP1:anything")
    await site.until(lambda: site.connected)
    assert site.connected[0][0] == "CP1"


async def test_charger_that_stays_nameless_is_sent_away(dial: Dial, clock: ManualClock, site: SiteDouble) -> None:
    charger = await dial("/")
    await clock.advance(121)
    assert await charger.closed() == 1008
    assert site.connected == []


@pytest.mark.parametrize(
    ("offered", "chosen", "version"),
    [
        ((), None, OcppVersion.V16),
        (("ocpp1.6",), "ocpp1.6", OcppVersion.V16),
        (("ocpp1.6", "ocpp2.0.1"), "ocpp2.0.1", OcppVersion.V201),
        (("ocpp1.6", "ocpp2.0.1", "ocpp2.1"), "ocpp2.1", OcppVersion.V21),
        (("ocpp3.0", "ocpp1.5", "ocpp1.6"), "ocpp1.6", OcppVersion.V16),
        (("OCPP1.6",), "OCPP1.6", OcppVersion.V16),
    ],
)
async def test_newest_version_on_offer_is_spoken(
    site: SiteDouble, dial: Dial, offered: tuple[str, ...], chosen: str | None, version: OcppVersion
) -> None:
    charger = await dial("/CP1", offered)
    assert charger.socket.protocol == chosen
    await site.until(lambda: site.connected)
    assert site.connected[0][1] is version


async def test_unknown_versions_only_are_answered_as_ocpp_says(site: SiteDouble, dial: Dial) -> None:
    charger = await dial("/CP1", ("ocpp1.2", "ocpp1.5"))
    assert charger.socket.protocol is None
    assert await charger.closed() == 1002
    assert site.connected == []


@pytest.mark.parametrize(
    ("password", "given"),
    [
        ("open sesame", b"CP1:open sesame"),
        ("open sesame", b"whoever:open sesame"),
        ("with:colon", b"CP1:with:colon"),
        ("open sesame", b"CP1:" + b"open sesame".hex().encode()),
        ("00FF10ab", b"CP1:" + bytes.fromhex("00FF10ab")),
        ("00FF10ab", b"CP1:00ff10AB".upper().replace(b"CP1:", b"CP1:")),
        ("pässwörd", "CP1:pässwörd".encode()),
    ],
)
async def test_password_is_taken_in_every_form(site: SiteDouble, dial: Dial, password: str, given: bytes) -> None:
    site.passwords["CP1"] = password
    await dial("/CP1", headers={"Authorization": f"Basic {b64encode(given).decode()}"})
    await site.until(lambda: site.connected)
    assert site.refused == []


@pytest.mark.parametrize("header", [None, "Basic", "Basic !!!", "Bearer abc", "Basic Q1AxOndyb25n", "Basic Q1Ax"])
async def test_wrong_password_is_refused_and_told(site: SiteDouble, dial: Dial, header: str | None) -> None:
    site.passwords["CP1"] = "right"
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await dial("/CP1", headers={"Authorization": header} if header else None)
    assert refusal.value.status == 401
    assert refusal.value.headers is not None
    assert refusal.value.headers["WWW-Authenticate"].startswith("Basic")
    assert site.refused == [("CP1", "wrong_password")]
    assert site.connected == []


async def test_wrong_password_does_not_disturb_the_real_charger(site: SiteDouble, dial: Dial) -> None:
    site.passwords["CP1"] = "right"
    real = await dial("/CP1", login="CP1:right")
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await dial("/CP1", login="CP1:wrong")
    assert (await real.call("Heartbeat"))[0] == 3


async def test_nameless_charger_needs_the_password_of_its_serial_number(site: SiteDouble, dial: Dial) -> None:
    site.adopted.add("SN-1")
    site.passwords["SN-1"] = "right"
    charger = await dial("/")
    await charger.send([2, "1", "BootNotification", BOOT])
    assert await charger.closed() == 1008
    assert site.refused == [("SN-1", "wrong_password")]


async def test_upgrade_without_connection_header_is_tolerated(site: SiteDouble, csms: CentralSystem) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", csms.port)
    writer.write(
        b"GET /CP1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
    )
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    assert head.startswith(b"HTTP/1.1 101 ")
    heartbeat = b'[2,"1","Heartbeat",{}]'
    writer.write(bytes([0x81, 0x80 | len(heartbeat), 0, 0, 0, 0]) + heartbeat)
    frame = await asyncio.wait_for(reader.readuntil(b"}]"), 10)
    assert b'[3,"1",{"currentTime"' in frame
    assert csms.oddities("CP1")["no_connection_upgrade_header"] == 1
    writer.close()
    await site.until(lambda: site.disconnected)


async def test_browser_is_told_what_this_port_is_for(csms: CentralSystem) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{csms.port}/") as response:
        assert response.status == 426
        assert "charger" in await response.text()


@pytest.mark.parametrize("path", ["/" + "x" * 101, "/CP%001", "/CP%0a1"])
async def test_impossible_names_are_refused(site: SiteDouble, url: Url, path: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await Charger.dial(url(path))
    assert refusal.value.status == 404
    assert site.connected == []
