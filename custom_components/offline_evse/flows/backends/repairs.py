"""The repair in which somebody decides about sessions of which only a backend knows what it has."""

from typing import Any, Final

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig, SelectSelectorMode, TextSelector
import voluptuous as vol

from ...descriptions.backend_sentences import day_and_time
from ...engine.model.failure import LedgerFullError, LedgerUnavailableError
from ...engine.model.upstream.delivery import DeliveryState, DueSession, Settlement
from ...runtime import OfflineEvseConfigEntry
from ..access.fields import charger_names, named

CONF_DECISION: Final = "decision"
CONF_REMOTE_ID: Final = "remote_id"
CONF_SESSION: Final = "session"
NUMBERED: Final = ("MeterValues", "StartTransaction", "StopTransaction")
"""Messages of OCPP 1.6, where a backend calls a transaction by a number."""


class ParkedFlow(RepairsFlow):
    """Shows one session after the other, until nothing is left to be decided."""

    def __init__(self, entry: OfflineEvseConfigEntry, subentry: ConfigSubentry) -> None:
        """Remember whose sessions they are."""
        self._entry = entry
        self._subentry = subentry
        self._session: DueSession | None = None

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin; what comes in here is not an answer yet."""
        return await self._next()

    async def async_step_choose(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask which of several sessions is meant."""
        parked = await self._parked()
        if parked is None:
            return self.async_abort(reason="not_running")
        if user_input is not None:
            for it in parked:
                if it.transaction.session_id == user_input[CONF_SESSION]:
                    return await self._show(it)
        names = {it.transaction.session_id: self._label(it) for it in parked}
        return self.async_show_form(
            step_id="choose",
            data_schema=vol.Schema({vol.Required(CONF_SESSION): named(names, as_list=True)}),
            description_placeholders={"backend": self._subentry.title, "count": str(len(parked))},
        )

    async def async_step_ambiguous(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask about a session of which an answer was lost."""
        return await self._decide("ambiguous", user_input)

    async def async_step_refused(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask about a session that was answered with errors."""
        return await self._decide("refused", user_input)

    async def async_step_match(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask under which id the backend has the session."""
        session = self._session
        if session is None:
            return await self._next()
        errors: dict[str, str] = {}
        if user_input is not None:
            remote_id = user_input[CONF_REMOTE_ID].strip()
            if error := remote_id_error(remote_id):
                errors[CONF_REMOTE_ID] = error
            elif (done := await self._settle(session, Settlement.MATCH, remote_id)) is not None:
                return done
            else:
                errors["base"] = "not_recorded"
        schema = vol.Schema({vol.Required(CONF_REMOTE_ID): TextSelector()})
        return self.async_show_form(
            step_id="match",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            description_placeholders=self._told(session),
            errors=errors,
        )

    async def _decide(self, step_id: str, user_input: dict[str, Any] | None) -> RepairsFlowResult:
        session = self._session
        if session is None:
            return await self._next()
        errors: dict[str, str] = {}
        if user_input is not None:
            decision = Settlement(user_input[CONF_DECISION])
            if decision is Settlement.MATCH and needs_id(session):
                return await self.async_step_match()
            if (done := await self._settle(session, decision, None)) is not None:
                return done
            errors["base"] = "not_recorded"
        decisions = SelectSelectorConfig(
            options=[str(it) for it in _likeliest_first(session.delivery.state)],
            translation_key="settlement",
            mode=SelectSelectorMode.LIST,
        )
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema({vol.Required(CONF_DECISION): SelectSelector(decisions)}), user_input
            ),
            description_placeholders=self._told(session),
            errors=errors,
        )

    async def _settle(
        self, session: DueSession, decision: Settlement, remote_id: str | None
    ) -> RepairsFlowResult | None:
        """Carry a decision out and go on; None: it cannot be recorded now."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_running")
        site = self._entry.runtime_data.site
        try:
            await site.settle_session(self._subentry.subentry_id, session.transaction.session_id, decision, remote_id)
        except LedgerFullError, LedgerUnavailableError:
            return None
        return await self._next()

    async def _next(self) -> RepairsFlowResult:
        """Show what is left to be decided; end where nothing is."""
        self._session = None
        parked = await self._parked()
        if parked is None:
            return self.async_abort(reason="not_running")
        match parked:
            case ():
                return self.async_create_entry(data={})
            case (only,):
                return await self._show(only)
        return await self.async_step_choose()

    async def _show(self, session: DueSession) -> RepairsFlowResult:
        self._session = session
        refused = session.delivery.state is DeliveryState.REFUSED
        return await (self.async_step_refused() if refused else self.async_step_ambiguous())

    async def _parked(self) -> tuple[DueSession, ...] | None:
        """Return what is to be decided; None: the site is not running."""
        if self._entry.state is not ConfigEntryState.LOADED:
            return None
        return await self._entry.runtime_data.site.parked_sessions(self._subentry.subentry_id)

    def _told(self, session: DueSession) -> dict[str, str]:
        transaction, delivery = session.transaction, session.delivery
        return {
            "backend": self._subentry.title,
            "charger": self._charger(session),
            "start": day_and_time(transaction.started_at),
            "end": "–" if transaction.ended_at is None else day_and_time(transaction.ended_at),
            "energy": f"{transaction.energy_wh / 1000:.2f}",
            "holder": transaction.name or "–",
            "message": "–" if delivery.pending is None else delivery.pending.action,
            "answer": delivery.detail or "–",
            "remote_id": delivery.remote_id or "–",
        }

    def _label(self, session: DueSession) -> str:
        told = self._told(session)
        return f"{told['start']} · {told['charger']} · {told['energy']} kWh · {told['holder']}"

    def _charger(self, session: DueSession) -> str:
        station_id = session.transaction.station_id
        return charger_names(self._entry).get(station_id, station_id)


def _likeliest_first(state: DeliveryState) -> tuple[Settlement, ...]:
    """Order what may be decided. The first is chosen until somebody chooses: it must bill no session twice."""
    if state is DeliveryState.REFUSED:
        return (Settlement.RESEND, Settlement.MATCH, Settlement.SKIP)
    return (Settlement.MATCH, Settlement.RESEND, Settlement.SKIP)


def needs_id(session: DueSession) -> bool:
    """Tell whether somebody has to look up what the backend calls a session, to match it.

    In OCPP 2.x the id is ours, and where only the end is in question the number has been told.
    """
    pending = session.delivery.pending
    return session.delivery.remote_id is None and (pending is None or pending.action in NUMBERED)


def remote_id_error(remote_id: str) -> str | None:
    """Say what is wrong with the number that a backend is said to have for a session; None: nothing."""
    if not remote_id:
        return "id_needed"
    return None if remote_id.removeprefix("-").isdecimal() else "number_needed"
