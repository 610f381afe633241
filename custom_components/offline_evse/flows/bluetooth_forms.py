"""The forms of what people carry: fields with their selectors, and what their values mean."""

import base64
import binascii
from collections.abc import Mapping
from datetime import time
from typing import Any, Final

from homeassistant.const import CONF_NAME, UnitOfEnergy
from homeassistant.helpers.selector import (
    EntitySelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
    TimeSelector,
)
import voluptuous as vol

from ..engine.model.credential import Terms, WeeklyHours

CONF_ADDRESS: Final = "address"
CONF_BEACON: Final = "beacon"
CONF_BEGINS: Final = "begins"
CONF_BINDKEY: Final = "bindkey"
CONF_CHARGER: Final = "charger"
CONF_DAY_KWH: Final = "day_kwh"
CONF_ENDS: Final = "ends"
CONF_ENTITY: Final = "entity"
CONF_GONE: Final = "gone"
CONF_IRK: Final = "irk"
CONF_PUBLIC_KEY: Final = "public_key"
CONF_PURPOSES: Final = "purposes"
CONF_STATE: Final = "state"
PURPOSES: Final = ("tokens", "relay")

_EVERY_DAY: Final = frozenset(range(7))


def key_schema() -> vol.Schema:
    """The key of an app or fob."""
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Required(CONF_PUBLIC_KEY): TextSelector(),
            vol.Optional(CONF_DAY_KWH): _kilowatt_hours(),
        }
    )


def button_schema() -> vol.Schema:
    """An encrypted button."""
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Required(CONF_ADDRESS): TextSelector(),
            vol.Required(CONF_BINDKEY): _secret(),
            vol.Optional(CONF_DAY_KWH): _kilowatt_hours(),
        }
    )


def presence_schema(chargers: list[SelectOptionDict]) -> vol.Schema:
    """What stands for somebody's presence; hours and daily energy have to be stated."""
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Optional(CONF_BEACON): TextSelector(),
            vol.Optional(CONF_IRK): _secret(),
            vol.Optional(CONF_ENTITY): EntitySelector(),
            vol.Optional(CONF_STATE): TextSelector(),
            vol.Optional(CONF_CHARGER): SelectSelector(
                SelectSelectorConfig(options=chargers, mode=SelectSelectorMode.DROPDOWN)
            ),
            vol.Required(CONF_BEGINS, default="17:00:00"): TimeSelector(),
            vol.Required(CONF_ENDS, default="08:00:00"): TimeSelector(),
            vol.Required(CONF_DAY_KWH, default=30): _kilowatt_hours(),
        }
    )


def issuer_schema() -> vol.Schema:
    """Somebody whose tokens are believed."""
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Required(CONF_PUBLIC_KEY): TextSelector(),
            vol.Required(CONF_PURPOSES, default=["tokens"]): SelectSelector(
                SelectSelectorConfig(
                    options=list(PURPOSES),
                    multiple=True,
                    mode=SelectSelectorMode.LIST,
                    translation_key="issuer_purposes",
                )
            ),
        }
    )


def terms_of(user_input: Mapping[str, Any]) -> Terms:
    """Read the limits that a form states."""
    day_kwh = user_input.get(CONF_DAY_KWH)
    begins, ends = user_input.get(CONF_BEGINS), user_input.get(CONF_ENDS)
    hours = (WeeklyHours(_EVERY_DAY, time.fromisoformat(begins), time.fromisoformat(ends)),) if begins and ends else ()
    return Terms(day_wh=None if day_kwh is None else round(float(day_kwh) * 1000), hours=hours)


def as_bytes(text: str) -> bytes | None:
    """Read bytes as people paste them: hexadecimal, or base64 of either kind; None: neither."""
    plain = "".join(text.split()).removeprefix("0x")
    try:
        return bytes.fromhex(plain)
    except ValueError:
        pass
    try:
        return base64.b64decode(plain.replace("-", "+").replace("_", "/") + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error, ValueError:
        return None


def _secret() -> TextSelector:
    return TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))


def _kilowatt_hours() -> NumberSelector:
    return NumberSelector(
        NumberSelectorConfig(
            min=1,
            max=1000,
            step=1,
            unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
            mode=NumberSelectorMode.BOX,
        )
    )
