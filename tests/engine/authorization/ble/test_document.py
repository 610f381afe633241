"""docs/ble-protocol.md says what the code does."""

from pathlib import Path
import re

import pytest

from custom_components.offline_evse.engine.authorization.ble.states import DEADLINES_S, ExchangeState
from custom_components.offline_evse.engine.authorization.ble.wire import gatt
from custom_components.offline_evse.engine.authorization.ble.wire.messages import (
    Challenge,
    Message,
    MessageType,
    RelayRequest,
    ResultCode,
    Verb,
    answer_to_sign,
)

TEXT = (Path(__file__).parents[4] / "docs" / "ble-protocol.md").read_text(encoding="utf-8")


def rows(pattern: str) -> list[tuple[str, ...]]:
    return [match.groups() for match in re.finditer(pattern, TEXT, re.MULTILINE)]


def test_message_types() -> None:
    written = {int(number, 16): name for number, name in rows(r"^\| (0x[0-9a-f]{2}) \| ([A-Z_]+) \| (?:site|holder) ")}
    assert written == {kind.value: kind.name for kind in MessageType}


def test_result_codes() -> None:
    written = {int(number): name for number, name in rows(r"^\| (\d) \| ([A-Z_]+) \| ")}
    assert written == {code.value: code.name for code in ResultCode}


def test_capabilities() -> None:
    written = {int(number, 16): name for number, name in rows(r"^\| (0x0\d) \| ([A-Z]+) \| (?:can|says)")}
    assert written == {capability.value: capability.name for capability in gatt.Capability}


def test_deadlines() -> None:
    written = {name: float(seconds) for name, seconds in rows(r"^\| ([A-Z]+) \| [^|]+ \| (\d+) s \| ")}
    assert written == {state.name: seconds for state, seconds in DEADLINES_S.items()}
    order = re.search(r"^IDLE → .*\.$", TEXT, re.MULTILINE)
    assert order and re.findall(r"[A-Z]{4,}", order.group()) == [state.name for state in ExchangeState]


@pytest.mark.parametrize(
    "identifier",
    [
        gatt.SERVICE_UUID,
        gatt.INFO_UUID,
        gatt.WRITE_UUID,
        gatt.NOTIFY_UUID,
        gatt.PKOC_LEGACY_SERVICE_UUID,
        gatt.PKOC_WRITE_UUID,
        gatt.PKOC_NOTIFY_UUID,
    ],
)
def test_identifiers(identifier: str) -> None:
    assert f"`{identifier}`" in TEXT


def test_labels_that_are_signed() -> None:
    plain = Challenge(site_id=bytes(8), charger_id=bytes(8), nonce=bytes(16), unix_s=0)
    sealed = Challenge(site_id=bytes(8), charger_id=bytes(8), nonce=bytes(16), unix_s=0, ephemeral=bytes(33))
    relay = RelayRequest(site_id=bytes(8), charger_id=bytes(8), request=bytes(16), thumbprint=bytes(32), unix_s=0)
    signed = [plain.to_sign, sealed.to_sign, relay.to_sign]
    signed += [answer_to_sign(verb, plain, b"", b"") for verb in Verb]
    for data in signed:
        assert f'"{data.partition(bytes(1))[0].decode()}" 00' in TEXT
    assert (len(plain.payload) + 64, len(sealed.payload) + 64) == (100, 133)
    assert Message(MessageType.CHALLENGE, b"").type == 1
