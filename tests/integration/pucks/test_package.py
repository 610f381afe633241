"""The ESPHome package and Home Assistant's side agree on every name, and the package holds no secret."""

from pathlib import Path
import re
from typing import Any

import yaml  # type: ignore[import-untyped]

from custom_components.offline_evse.bluetooth import puck_node
from custom_components.offline_evse.engine.authorization.ble.wire import gatt

FOLDER = Path(__file__).parents[3] / "esphome"
PACKAGE = (FOLDER / "offline-evse-reader.yaml").read_text(encoding="utf-8")
EXAMPLE = (FOLDER / "example.yaml").read_text(encoding="utf-8")


class Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads ESPHome's tags as what they stand before."""


for tag in ("!lambda", "!secret", "!include"):
    Loader.add_constructor(tag, lambda loader, node: f"{node.tag} {loader.construct_scalar(node)}")


def read(text: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.load(text, Loader)
    return read


def test_phones_find_what_they_look_for() -> None:
    server = read(PACKAGE)["esp32_ble_server"]
    own, pkoc = server["services"]
    assert [own["uuid"], pkoc["uuid"].lower()] == [gatt.SERVICE_UUID, gatt.PKOC_SERVICE_UUID[4:8]]
    assert [each["uuid"] for each in own["characteristics"]] == [gatt.INFO_UUID, gatt.WRITE_UUID, gatt.NOTIFY_UUID]
    assert [each["uuid"] for each in pkoc["characteristics"]] == [gatt.PKOC_WRITE_UUID, gatt.PKOC_NOTIFY_UUID]
    assert own["advertise"] and pkoc["advertise"]
    assert gatt.Info.decode(bytes(own["characteristics"][0]["value"])).capabilities is gatt.Capability.SEALED
    assert server["max_clients"] == 1


def test_home_assistant_and_the_puck_use_the_same_names() -> None:
    api = read(PACKAGE)["api"]
    actions = {each["action"]: each["variables"] for each in api["actions"]}
    assert actions == {
        puck_node.ACTION_INTRODUCE: {"info": "string"},
        puck_node.ACTION_SEND: {"link": "int", "pipe": "string", "data": "string"},
        puck_node.ACTION_HANG_UP: {"link": "int"},
    }
    assert set(re.findall(r"event: (\S+)", PACKAGE)) == {puck_node.EVENT}
    assert set(re.findall(r"kind: (\w+)", PACKAGE)) == {"ready", "connected", "disconnected", "frame"}
    assert all("api.respond" in str(each["then"]) for each in api["actions"])


def test_there_is_room_for_the_proxy_and_the_reader() -> None:
    package = read(PACKAGE)
    assert package["esp32_ble_server"]["max_clients"] < package["esp32_ble"]["max_connections"]
    assert package["bluetooth_proxy"] == {"active": "${proxy_active}"}
    # Connections that the proxy makes are told to the reader like those of phones.
    assert package["substitutions"]["proxy_active"] == "false"


def test_there_is_no_secret_in_it() -> None:
    assert not re.search(r"password|key: \S{20,}|ssid", PACKAGE)
    example = read(EXAMPLE)
    told = [example["wifi"]["ssid"], example["wifi"]["password"], example["api"]["encryption"]["key"]]
    assert all(each.startswith("!secret ") for each in told)
    assert set(example["substitutions"]) == {"name", "friendly_name", "charger"}
