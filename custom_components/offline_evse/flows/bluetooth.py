"""The options steps for Bluetooth: switch it on, say where its scanners hang, and enrol what people carry."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.setup import async_setup_component
import voluptuous as vol

from ..bluetooth_config import (
    CONF_ENABLED,
    CONF_PLAIN,
    CONF_READERS,
    CONF_SCANNERS,
    OPTION_BLUETOOTH,
    BluetoothSetUp,
    bluetooth_set_up,
)
from ..bluetooth_switch import ADAPTERS
from ..const import CONF_STATION_ID, SUBENTRY_CHARGER
from .bluetooth_forms import (
    CONF_ADDRESS,
    CONF_BEACON,
    CONF_BEGINS,
    CONF_BINDKEY,
    CONF_CHARGER,
    CONF_ENDS,
    CONF_ENTITY,
    CONF_GONE,
    CONF_IRK,
    CONF_PUBLIC_KEY,
    CONF_PURPOSES,
    CONF_STATE,
    as_bytes,
    button_schema,
    issuer_schema,
    key_schema,
    presence_schema,
    terms_of,
)

if TYPE_CHECKING:
    from ..bluetooth.keyring import Tracked
    from ..bluetooth.site_bluetooth import SiteBluetooth

STEPS: Final = (
    "bluetooth_radio",
    "bluetooth_key",
    "bluetooth_button",
    "bluetooth_presence",
    "bluetooth_issuer",
    "bluetooth_remove",
)


class BluetoothFlow(OptionsFlow):
    """Asks for one thing at a time. Nothing of Bluetooth is touched before the switch is on."""

    _scanners: dict[str, str]
    _readers: dict[str, str]
    _waiting: list[tuple[str, str]]
    _switched: dict[str, Any]
    _shown: dict[str, str]

    async def async_step_bluetooth(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what there is to do; while it is off, only the switch."""
        if self._bluetooth is None:
            return await self.async_step_bluetooth_radio()
        return self.async_show_menu(step_id="bluetooth", menu_options=list(STEPS))

    async def async_step_bluetooth_radio(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the switch, then where each scanner hangs."""
        now = bluetooth_set_up(self.config_entry)
        errors: dict[str, str] = {}
        if user_input is not None:
            if not user_input[CONF_ENABLED]:
                return self._saved(
                    BluetoothSetUp(scanners=now.scanners, readers=now.readers, plain=user_input[CONF_PLAIN])
                )
            if await async_setup_component(self.hass, ADAPTERS, {}):
                self._switched = user_input
                self._scanners, self._readers = dict(now.scanners), dict(now.readers)
                self._waiting = [
                    (subentry.data[CONF_STATION_ID], subentry.title)
                    for subentry in self.config_entry.get_subentries_of_type(SUBENTRY_CHARGER)
                ]
                return await self.async_step_bluetooth_scanners()
            errors["base"] = "no_bluetooth"
        schema = vol.Schema(
            {
                vol.Required(CONF_ENABLED, default=now.enabled): BooleanSelector(),
                vol.Required(CONF_PLAIN, default=now.plain): BooleanSelector(),
            }
        )
        return self.async_show_form(step_id="bluetooth_radio", data_schema=schema, errors=errors)

    async def async_step_bluetooth_scanners(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the scanners of one charger after the other."""
        if user_input is not None:
            station_id, _ = self._waiting.pop(0)
            kept = {source: station for source, station in self._scanners.items() if station != station_id}
            self._scanners = kept | dict.fromkeys(user_input.get(CONF_SCANNERS, []), station_id)
            hung = {mac: station for mac, station in self._readers.items() if station != station_id}
            self._readers = hung | dict.fromkeys(user_input.get(CONF_READERS, []), station_id)
        if not self._waiting:
            return self._saved(
                BluetoothSetUp(
                    enabled=True, scanners=self._scanners, readers=self._readers, plain=self._switched[CONF_PLAIN]
                )
            )
        station_id, title = self._waiting[0]
        chosen = [source for source, station in self._scanners.items() if station == station_id]
        schema = vol.Schema(
            {
                vol.Optional(CONF_SCANNERS, default=chosen): SelectSelector(
                    SelectSelectorConfig(options=self._scanner_options(), multiple=True, mode=SelectSelectorMode.LIST)
                )
            }
        )
        if readers := self._reader_options():
            hung_here = [mac for mac, station in self._readers.items() if station == station_id]
            schema = schema.extend(
                {
                    vol.Optional(CONF_READERS, default=hung_here): SelectSelector(
                        SelectSelectorConfig(options=readers, multiple=True, mode=SelectSelectorMode.LIST)
                    )
                }
            )
        return self.async_show_form(
            step_id="bluetooth_scanners", data_schema=schema, description_placeholders={"charger": title}
        )

    async def async_step_bluetooth_key(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Enrol the key of an app or fob."""
        errors: dict[str, str] = {}
        if user_input is not None and (opened := self._bluetooth) is not None:
            public_key = as_bytes(user_input[CONF_PUBLIC_KEY])
            try:
                enrolled = await opened.enrol_key(public_key or b"", user_input[CONF_NAME], terms_of(user_input))
            except ValueError:
                errors[CONF_PUBLIC_KEY] = "no_public_key"
            else:
                self._shown = {
                    "name": user_input[CONF_NAME],
                    "site_id": enrolled.site_id,
                    "site_key": enrolled.site_key,
                    "secret": enrolled.secret,
                }
                return await self.async_step_bluetooth_key_enrolled()
        return self._form("bluetooth_key", key_schema(), user_input, errors)

    async def async_step_bluetooth_key_enrolled(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what has to be entered in the app."""
        if user_input is not None:
            return self._unchanged()
        return self.async_show_form(
            step_id="bluetooth_key_enrolled", data_schema=vol.Schema({}), description_placeholders=self._shown
        )

    async def async_step_bluetooth_button(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Enrol an encrypted button."""
        errors: dict[str, str] = {}
        if user_input is not None and (opened := self._bluetooth) is not None:
            bindkey = as_bytes(user_input[CONF_BINDKEY])
            if bindkey is None or len(bindkey) != 16:
                errors[CONF_BINDKEY] = "no_bindkey"
            elif len(as_bytes(user_input[CONF_ADDRESS].replace(":", "").replace("-", "")) or b"") != 6:
                errors[CONF_ADDRESS] = "no_address"
            else:
                try:
                    await opened.enrol_button(
                        user_input[CONF_ADDRESS], bindkey, user_input[CONF_NAME], terms_of(user_input)
                    )
                except ValueError:
                    errors[CONF_BINDKEY] = "bindkey_used_before"
                else:
                    return self._unchanged()
        return self._form("bluetooth_button", button_schema(), user_input, errors)

    async def async_step_bluetooth_presence(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Enrol what stands for somebody's presence, with its guard rails."""
        errors: dict[str, str] = {}
        if user_input is not None and (opened := self._bluetooth) is not None:
            tracked = self._tracked(user_input, errors)
            if user_input[CONF_BEGINS] == user_input[CONF_ENDS]:
                errors[CONF_ENDS] = "hours_needed"
            if tracked is not None and not errors:
                await opened.enrol_presence(tracked, user_input[CONF_NAME], terms_of(user_input))
                return self._unchanged()
        return self._form("bluetooth_presence", presence_schema(self._charger_options()), user_input, errors)

    async def async_step_bluetooth_issuer(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Trust somebody else's tokens."""
        errors: dict[str, str] = {}
        if user_input is not None and (opened := self._bluetooth) is not None:
            purposes = user_input[CONF_PURPOSES]
            if not purposes:
                errors[CONF_PURPOSES] = "purpose_needed"
            else:
                try:
                    public_key = as_bytes(user_input[CONF_PUBLIC_KEY]) or b""
                    await opened.trust_issuer(user_input[CONF_NAME], public_key, purposes)
                except ValueError:
                    errors[CONF_PUBLIC_KEY] = "no_public_key"
                else:
                    return self._unchanged()
        return self._form("bluetooth_issuer", issuer_schema(), user_input, errors)

    async def async_step_bluetooth_remove(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take things away. A session that runs with one ends."""
        opened = self._bluetooth
        if opened is None:
            return self.async_abort(reason="bluetooth_off")
        if user_input is not None:
            for reference in user_input.get(CONF_GONE, []):
                await opened.forget(reference)
            return self._unchanged()
        options = [SelectOptionDict(value=reference, label=name) for reference, name in opened.enrolled().items()]
        schema = vol.Schema(
            {
                vol.Optional(CONF_GONE, default=[]): SelectSelector(
                    SelectSelectorConfig(options=options, multiple=True, mode=SelectSelectorMode.LIST)
                )
            }
        )
        return self.async_show_form(step_id="bluetooth_remove", data_schema=schema)

    @property
    def _bluetooth(self) -> SiteBluetooth | None:
        """What is open now; None while it is off."""
        runtime = getattr(self.config_entry, "runtime_data", None)
        return None if runtime is None else runtime.bluetooth.open

    def _tracked(self, user_input: Mapping[str, Any], errors: dict[str, str]) -> Tracked | None:
        """Read what stands for somebody, or say what is wrong with it."""
        from ..bluetooth.keyring import Tracked  # noqa: PLC0415 - it is switched on, or nobody would be asked

        beacon, entity_id = user_input.get(CONF_BEACON), user_input.get(CONF_ENTITY)
        irk = as_bytes(user_input[CONF_IRK]) if user_input.get(CONF_IRK) else None
        if sum(bool(user_input.get(name)) for name in (CONF_BEACON, CONF_IRK, CONF_ENTITY)) != 1:
            errors["base"] = "one_of_three"
        elif user_input.get(CONF_IRK) and (irk is None or len(irk) != 16):
            errors[CONF_IRK] = "no_irk"
        elif entity_id and not (user_input.get(CONF_STATE) and user_input.get(CONF_CHARGER)):
            errors[CONF_STATE] = "state_needed"
        else:
            states = {user_input[CONF_STATE]: user_input[CONF_CHARGER]} if entity_id else {}
            return Tracked(beacon=beacon.lower() if beacon else None, irk=irk, entity_id=entity_id, states=states)
        return None

    def _form(
        self, step_id: str, schema: vol.Schema, user_input: dict[str, Any] | None, errors: dict[str, str]
    ) -> ConfigFlowResult:
        if self._bluetooth is None:
            return self.async_abort(reason="bluetooth_off")
        return self.async_show_form(
            step_id=step_id, data_schema=self.add_suggested_values_to_schema(schema, user_input), errors=errors
        )

    def _scanner_options(self) -> list[SelectOptionDict]:
        """Every scanner that can connect, and those that were chosen before and are away."""
        from homeassistant.components import bluetooth  # noqa: PLC0415 - it is switched on by now

        names = {
            scanner.source: f"{scanner.name} ({scanner.source})"
            for scanner in bluetooth.async_current_scanners(self.hass)
            if scanner.connectable
        }
        away = {source: source for source in self._scanners if source not in names}
        return [SelectOptionDict(value=source, label=name) for source, name in (names | away).items()]

    def _reader_options(self) -> list[SelectOptionDict]:
        """Every reader puck, and those that were chosen before and are away."""
        from ..bluetooth.puck_node import pucks_there  # noqa: PLC0415 - it is switched on by now

        names = pucks_there(self.hass)
        away = {mac: mac for mac in self._readers if mac not in names}
        return [SelectOptionDict(value=mac, label=name) for mac, name in (names | away).items()]

    def _charger_options(self) -> list[SelectOptionDict]:
        return [
            SelectOptionDict(value=subentry.data[CONF_STATION_ID], label=subentry.title)
            for subentry in self.config_entry.get_subentries_of_type(SUBENTRY_CHARGER)
        ]

    def _saved(self, set_up: BluetoothSetUp) -> ConfigFlowResult:
        data = {CONF_ENABLED: set_up.enabled, CONF_SCANNERS: dict(set_up.scanners), CONF_PLAIN: set_up.plain}
        if set_up.readers:
            data[CONF_READERS] = dict(set_up.readers)
        return self.async_create_entry(data={**self.config_entry.options, OPTION_BLUETOOTH: data})

    def _unchanged(self) -> ConfigFlowResult:
        """End with the options as they are: what was entered is kept elsewhere."""
        return self.async_create_entry(data=dict(self.config_entry.options))
