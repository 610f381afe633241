"""Repairs: what only the owner can put right, as an issue that goes away by itself when it is put right."""

from collections.abc import Mapping
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started

from ..const import CONF_CIRCUIT_ID, DOMAIN, MAIN_CIRCUIT, SUBENTRY_CIRCUIT
from ..devices import charger_subentry
from ..engine.model.failure import LayoutError
from ..engine.model.offer import Escalation
from ..engine.model.self_test import SelfTestResult
from ..engine.model.station import EvseKey
from ..engine.site.site import Site
from ..port import bind_reason
from ..site_config import meter_set_ups

SILENT_FOR_S: Final = 60.0
"""How long a meter has to be silent, in s, before the owner is told; the chargers have long been held by then."""

BAD_LAYOUT: Final = "bad_layout"
PORT_TAKEN: Final = "port_taken"
LEDGER_FAILED: Final = "ledger_failed"
NO_MAIN_FUSE: Final = "no_main_fuse"
LIMIT_IGNORED: Final = "limit_ignored"
SELF_TEST_FAILED: Final = "self_test_failed"
SELF_TEST_OUTDATED: Final = "self_test_outdated"


class SiteIssues:
    """Creates and removes the issues of one site."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, site: Site) -> None:
        """Begin without issues."""
        self._hass = hass
        self._entry = entry
        self._site = site
        self._silent: dict[str, CALLBACK_TYPE] = {}
        self._refused: dict[str, CALLBACK_TYPE] = {}
        self._ignored: dict[EvseKey, CALLBACK_TYPE] = {}
        self._present: set[str] = set()
        self._unsubscribe: list[CALLBACK_TYPE] = []

    @callback
    def start(self) -> None:
        """Listen to the site; look for missing entities once everything has started."""
        self._unsubscribe = [
            self._site.state.listen(self._site_changed),
            async_at_started(self._hass, self._started),
        ]
        self._site_changed()

    @callback
    def stop(self, *, forget: bool) -> None:
        """Listen no longer. `forget`: leave no issue behind that nobody would remove.

        When Home Assistant stops they are left alone: an issue that is deleted forgets that people have ignored it.
        """
        while self._unsubscribe:
            self._unsubscribe.pop()()
        for pending in (*self._silent.values(), *self._refused.values(), *self._ignored.values()):
            pending()
        self._ignored.clear()
        self._silent.clear()
        self._refused.clear()
        for issue_id in tuple(self._present) if forget else ():
            self._delete(issue_id)

    @callback
    def set_up_changed(self) -> None:
        """Look again at what depends on the set-up."""
        circuits = {
            subentry.data[CONF_CIRCUIT_ID]: subentry
            for subentry in self._entry.get_subentries_of_type(SUBENTRY_CIRCUIT)
        }
        self._set(NO_MAIN_FUSE, MAIN_CIRCUIT not in circuits, severity=ir.IssueSeverity.ERROR, fixable=False)
        for station_id in tuple(self._refused):
            if charger_subentry(self._entry, station_id) is None:
                self._password_accepted(station_id)
        for evse in tuple(self._ignored):
            if charger_subentry(self._entry, evse.station_id) is None:
                self._limit_followed(evse)
        for issue_id in tuple(self._present):
            for kind in (SELF_TEST_FAILED, SELF_TEST_OUTDATED):
                station_id = issue_id.removeprefix(f"{kind}_")
                if station_id != issue_id and charger_subentry(self._entry, station_id) is None:
                    self._delete(issue_id)
        self._look_for_entities()

    @callback
    def password_refused(self, station_id: str) -> None:
        """Tell that a charger gave a wrong password, until it gives the right one."""
        subentry = charger_subentry(self._entry, station_id)
        station = self._site.stations.get(station_id)
        if subentry is None or station is None:
            return

        @callback
        def connected() -> None:
            if station.connected:
                self._password_accepted(station_id)

        if station_id not in self._refused:
            self._refused[station_id] = station.listen(connected)
        self._create(
            f"wrong_password_{station_id}",
            "wrong_password",
            placeholders={"charger": subentry.title},
            data={"entry_id": self._entry.entry_id, "subentry_id": subentry.subentry_id},
        )

    @callback
    def limit_ignored(self, evse: EvseKey, escalation: Escalation) -> None:
        """Tell that a car goes on drawing too much whatever is done, until it does not any more."""
        subentry = charger_subentry(self._entry, evse.station_id)
        state = self._site.evses.get(evse)
        if subentry is None or state is None:
            return

        @callback
        def changed() -> None:
            if state.escalation is None:
                self._limit_followed(evse)

        if evse not in self._ignored:
            self._ignored[evse] = state.listen(changed)
        self._create(
            f"{LIMIT_IGNORED}_{evse.station_id}_{evse.evse_id}",
            LIMIT_IGNORED,
            placeholders={
                "charger": subentry.title,
                "drawn": f"{escalation.drawn_a:.0f}",
                "offered": f"{escalation.offered_a:.0f}",
            },
            severity=ir.IssueSeverity.CRITICAL,
            fixable=False,
        )

    @callback
    def _limit_followed(self, evse: EvseKey) -> None:
        """Take that back."""
        self._ignored.pop(evse)()
        self._delete(f"{LIMIT_IGNORED}_{evse.station_id}_{evse.evse_id}")

    @callback
    def self_tested(self, station_id: str) -> None:
        """Tell of a self-test that failed, and of one that was made with another firmware."""
        subentry = charger_subentry(self._entry, station_id)
        station = self._site.stations.get(station_id)
        test = None if station is None else station.self_test
        if subentry is None or station is None:
            return
        counts = test is not None and test.holds_for(station.identity.firmware_version)
        failed = counts and test is not None and test.result is SelfTestResult.FAILED
        outdated = test is not None and test.result is not SelfTestResult.ABORTED and not counts
        for kind, present in ((SELF_TEST_FAILED, failed), (SELF_TEST_OUTDATED, outdated)):
            if present and f"{kind}_{station_id}" not in self._present:
                placeholders = {"charger": subentry.title}
                self._create(f"{kind}_{station_id}", kind, placeholders=placeholders, fixable=False)
            elif not present:
                self._delete(f"{kind}_{station_id}")

    @callback
    def port_taken(self, port: int, error: OSError) -> None:
        """Tell that the new port cannot be listened on; the old one still is."""
        self._create(
            PORT_TAKEN,
            PORT_TAKEN,
            placeholders={"port": str(port), "error": bind_reason(error), "old_port": str(self._site.port)},
            fixable=False,
        )

    @callback
    def port_free(self) -> None:
        """Take that back."""
        self._delete(PORT_TAKEN)

    @callback
    def bad_layout(self, error: LayoutError) -> None:
        """Tell that the fuses do not fit together; the former ones stay in force."""
        self._create(
            BAD_LAYOUT,
            BAD_LAYOUT,
            placeholders={
                "circuit": self._circuit_name(error.placeholders.get("circuit", MAIN_CIRCUIT)),
                "error": str(error),
            },
            severity=ir.IssueSeverity.ERROR,
            fixable=False,
        )

    @callback
    def good_layout(self) -> None:
        """Take that back."""
        self._delete(BAD_LAYOUT)

    @callback
    def _started(self, _hass: HomeAssistant) -> None:
        """Look for missing entities, now that every integration has had its chance to bring them."""
        self._look_for_entities()

    @callback
    def _password_accepted(self, station_id: str) -> None:
        """Take back that a charger gave a wrong password."""
        self._refused.pop(station_id)()
        self._delete(f"wrong_password_{station_id}")

    @callback
    def _site_changed(self) -> None:
        """Follow what the site says of itself."""
        state = self._site.state
        self._set(LEDGER_FAILED, state.ledger_failed, severity=ir.IssueSeverity.ERROR, fixable=False)
        # Of a meter that reports the wrong thing, that is told.
        silent = state.silent_meters - state.distrusted_meters
        for circuit_id in silent - self._silent.keys():
            self._silent[circuit_id] = self._tell_later(circuit_id)
        for circuit_id in self._silent.keys() - silent:
            self._silent.pop(circuit_id)()
            self._delete(f"meter_silent_{circuit_id}")

    @callback
    def _tell_later(self, circuit_id: str) -> CALLBACK_TYPE:
        """Tell that a meter is silent, if it still is after a while."""

        @callback
        def tell(_now: object) -> None:
            if set_up := next((each for each in meter_set_ups(self._entry) if each.circuit_id == circuit_id), None):
                self._create(
                    f"meter_silent_{circuit_id}",
                    "meter_silent",
                    placeholders={
                        "circuit": self._circuit_name(circuit_id),
                        "entities": ", ".join(set_up.entities.values()),
                    },
                    data=self._circuit_data(circuit_id),
                )

        return async_call_later(self._hass, SILENT_FOR_S, HassJob(tell, cancel_on_shutdown=True))

    @callback
    def _look_for_entities(self) -> None:
        """Tell of meter entities that do not exist any more."""
        if not self._hass.is_running:
            return
        registry = er.async_get(self._hass)
        gone: dict[str, str] = {}
        for set_up in meter_set_ups(self._entry):
            missing = [
                entity_id
                for entity_id in set_up.entities.values()
                if self._hass.states.get(entity_id) is None and registry.async_get(entity_id) is None
            ]
            if missing:
                gone[set_up.circuit_id] = ", ".join(missing)
        for issue_id in tuple(self._present):
            circuit_id = issue_id.removeprefix("meter_gone_")
            if circuit_id != issue_id and circuit_id not in gone:
                self._delete(issue_id)
        for circuit_id, entities in gone.items():
            self._create(
                f"meter_gone_{circuit_id}",
                "meter_gone",
                placeholders={"circuit": self._circuit_name(circuit_id), "entities": entities},
                data=self._circuit_data(circuit_id),
            )

    def _circuit_name(self, circuit_id: str) -> str:
        """Name a circuit for people."""
        circuit = self._site.state.layout.get(circuit_id)
        return circuit.name if circuit else circuit_id

    def _circuit_data(self, circuit_id: str) -> dict[str, str | int | float | None]:
        """Say which subentry has to be changed to put it right."""
        for subentry in self._entry.get_subentries_of_type(SUBENTRY_CIRCUIT):
            if subentry.data[CONF_CIRCUIT_ID] == circuit_id:
                return {"entry_id": self._entry.entry_id, "subentry_id": subentry.subentry_id}
        return {"entry_id": self._entry.entry_id}

    @callback
    def _set(self, issue_id: str, present: bool, *, severity: ir.IssueSeverity, fixable: bool) -> None:
        """Create or delete an issue that has no other name than its kind."""
        if present:
            self._create(
                issue_id, issue_id, placeholders={"site": self._entry.title}, severity=severity, fixable=fixable
            )
        else:
            self._delete(issue_id)

    @callback
    def _create(
        self,
        issue_id: str,
        kind: str,
        *,
        placeholders: Mapping[str, str],
        data: dict[str, str | int | float | None] | None = None,
        severity: ir.IssueSeverity = ir.IssueSeverity.WARNING,
        fixable: bool = True,
    ) -> None:
        """Create an issue, or bring it up to date."""
        self._present.add(issue_id)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id,
            data=data,
            is_fixable=fixable,
            severity=severity,
            translation_key=kind,
            translation_placeholders=dict(placeholders),
        )

    @callback
    def _delete(self, issue_id: str) -> None:
        """Delete an issue, if it is there."""
        if issue_id in self._present:
            self._present.discard(issue_id)
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
