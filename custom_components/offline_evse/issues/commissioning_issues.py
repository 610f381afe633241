"""Repairs for what the site finds out about its own wiring, most of them with a way to put it right at once."""

from collections.abc import Mapping
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_call_later

from ..const import CONF_CIRCUIT_ID, CONF_WIRING, DOMAIN, SUBENTRY_CIRCUIT
from ..devices import charger_subentry
from ..engine.model.commissioning import FindingKind, MeterFinding, WiringLearned
from ..engine.model.failure import LayoutError
from ..engine.model.station import EvseKey
from ..engine.site.config import SiteConfig
from ..engine.site.site import Site
from ..flows.wiring_choice import WIRING_CHOICES, is_learned, wiring_name, wiring_text

DUPLICATE_FOR_S: Final = 3600.0
"""How long two chargers with one id have to keep quiet before that is taken for settled, in s."""

type Data = dict[str, str | int | float | None]


class CommissioningIssues:
    """Creates and removes the issues about meters and wirings of one site."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, site: Site) -> None:
        """Begin without issues."""
        self._hass = hass
        self._entry = entry
        self._site = site
        self._present: set[str] = set()
        self._looked_at: tuple[SiteConfig, tuple[EvseKey, ...]] | None = None
        self._doubted: frozenset[str] = frozenset()
        self._duplicates: dict[str, CALLBACK_TYPE] = {}
        self._unsubscribe: CALLBACK_TYPE | None = None

    @callback
    def start(self) -> None:
        """Listen to the site."""
        self._unsubscribe = self._site.state.listen(self._site_changed)
        self._site_changed()

    @callback
    def stop(self, *, forget: bool) -> None:
        """Listen no longer. `forget`: leave no issue behind that nobody would remove."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        for pending in self._duplicates.values():
            pending()
        self._duplicates.clear()
        if forget:
            self._keep_only(frozenset())

    @callback
    def duplicate_station(self, station_id: str) -> None:
        """Tell that two chargers dial in under one id, until that has not happened for a while."""
        issue_id = f"duplicate_station_{station_id}"
        if (pending := self._duplicates.pop(station_id, None)) is not None:
            pending()

        @callback
        def settled(_now: object) -> None:
            self._duplicates.pop(station_id, None)
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)

        self._duplicates[station_id] = async_call_later(
            self._hass, DUPLICATE_FOR_S, HassJob(settled, cancel_on_shutdown=True)
        )
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            severity=ir.IssueSeverity.ERROR,
            translation_key="duplicate_station",
            translation_placeholders={"charger": self._charger_name(station_id), "station_id": station_id},
        )

    @callback
    def _site_changed(self) -> None:
        """Follow what the site has found out."""
        state = self._site.state
        wanted = frozenset(
            (
                *self._doubts(),
                *(self._finding(it) for it in state.meter_findings if it.proven or it.dangerous),
                *filter(None, map(self._wiring, state.wirings_learned)),
            )
        )
        self._keep_only(wanted)

    def _doubts(self) -> frozenset[str]:
        """Tell what is possible in the tree but hardly meant; looked at only where the tree has changed."""
        looked_at = (self._site.config, tuple(self._site.evses))
        if self._looked_at is not None and self._looked_at[0] is looked_at[0] and self._looked_at[1] == looked_at[1]:
            return self._doubted
        try:
            doubts = self._site.doubts()
        except LayoutError:
            # A change that is about to be taken back.
            return self._doubted
        self._looked_at = looked_at
        doubted: set[str] = set()
        for doubt in doubts:
            placeholders = dict(doubt.placeholders)
            place = [placeholders[name] for name in ("circuit", "evse", "phase") if name in placeholders]
            if (evse := placeholders.pop("evse", None)) is not None:
                placeholders["charger"] = self._charger_name(evse.rpartition("/")[0])
            issue_id = "_".join((doubt.code, *place))
            doubted.add(issue_id)
            self._create(issue_id, doubt.code, placeholders, None, ir.IssueSeverity.WARNING)
        self._doubted = frozenset(doubted)
        return self._doubted

    def _finding(self, finding: MeterFinding) -> str:
        """Tell of a meter that shows the wrong thing; returns the id of the issue."""
        circuit = self._site.state.layout[finding.circuit_id]
        data: Data = self._circuit_data(finding.circuit_id)
        placeholders = {"circuit": circuit.name}
        match finding.kind:
            case FindingKind.SIGN if finding.phase is None:
                key = "meter_sign"
                present = [f"l{phase + 1}" for phase in range(3) if circuit.limit_a[phase] > 0]
                data |= {"fix": "invert", "phases": ",".join(present)}
            case FindingKind.SIGN:
                key = "meter_sign_phase"
                assert finding.phase is not None
                placeholders["phase"] = finding.phase.name
                data |= {"fix": "invert", "phases": finding.phase.name.lower()}
            case FindingKind.PHASES_SWAPPED:
                key = "meter_phases_swapped"
                assert finding.phase is not None and finding.seen_on is not None
                placeholders |= {"phase": finding.phase.name, "seen_on": finding.seen_on.name}
                data |= {"fix": "swap", "phase": int(finding.phase), "seen_on": int(finding.seen_on)}
            case FindingKind.NOT_SEEN:
                evse = finding.evse
                seen_in = self._site.state.layout.get(finding.seen_in or "")
                key = "meter_misses_charger_seen" if seen_in else "meter_misses_charger"
                placeholders["charger"] = self._charger_name(evse.station_id) if evse else "-"
                if seen_in:
                    placeholders["seen_in"] = seen_in.name
            case FindingKind.SCALE:
                key = "meter_scale"
                placeholders["factor"] = f"{finding.factor or 0:.2g}"
        phase = finding.phase.name if finding.phase is not None else ""
        issue_id = "_".join(filter(None, (key, finding.circuit_id, phase, _evse_name(finding))))
        severity = ir.IssueSeverity.ERROR if finding.dangerous else ir.IssueSeverity.WARNING
        self._create(issue_id, key, placeholders, data, severity)
        return issue_id

    def _wiring(self, learned: WiringLearned) -> str | None:
        """Tell of a charger that is wired otherwise than was set up, or write down what was to be learned."""
        subentry = charger_subentry(self._entry, learned.evse.station_id)
        if subentry is None:
            return None
        told: str = subentry.data[CONF_WIRING]
        if is_learned(told):
            if learned.sure:
                data = {**subentry.data, CONF_WIRING: wiring_name(learned.wiring)}
                self._hass.config_entries.async_update_subentry(self._entry, subentry, data=data)
            return None
        issue_id = f"wiring_{learned.evse.station_id}"
        self._create(
            issue_id,
            "wiring_differs" if learned.sure else "first_terminal_differs",
            {
                "charger": subentry.title,
                "wiring": wiring_text(learned.wiring),
                "told": wiring_text(WIRING_CHOICES[told]),
                "first": learned.wiring[0].name,
            },
            {
                "entry_id": self._entry.entry_id,
                "subentry_id": subentry.subentry_id,
                "fix": "wiring",
                "wiring": wiring_name(learned.wiring),
            },
            ir.IssueSeverity.WARNING,
        )
        return issue_id

    def _charger_name(self, station_id: str) -> str:
        """Name a charger for people."""
        subentry = charger_subentry(self._entry, station_id)
        return subentry.title if subentry else station_id

    def _circuit_data(self, circuit_id: str) -> Data:
        """Say which subentry has to be changed to put it right."""
        for subentry in self._entry.get_subentries_of_type(SUBENTRY_CIRCUIT):
            if subentry.data[CONF_CIRCUIT_ID] == circuit_id:
                return {"entry_id": self._entry.entry_id, "subentry_id": subentry.subentry_id}
        return {"entry_id": self._entry.entry_id}

    @callback
    def _create(
        self, issue_id: str, key: str, placeholders: Mapping[str, str], data: Data | None, severity: ir.IssueSeverity
    ) -> None:
        """Create an issue, or bring it up to date; one without data has no way out but the settings."""
        self._present.add(issue_id)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id,
            data=data,
            is_fixable=data is not None,
            severity=severity,
            translation_key=key,
            translation_placeholders=dict(placeholders),
        )

    @callback
    def _keep_only(self, wanted: frozenset[str]) -> None:
        """Delete all other issues."""
        for issue_id in self._present - wanted:
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
        self._present &= wanted


def _evse_name(finding: MeterFinding) -> str:
    return f"{finding.evse.station_id}_{finding.evse.evse_id}" if finding.evse else ""
