"""What has to be known before a decision can be made, and whom to ask."""

from dataclasses import replace
from datetime import timedelta

from ...authorization.authorizer import Authorizer, Question
from ...authorization.presentation import Presentation
from ...authorization.terms import counts_consumption, day_start
from ...ledger.ledger import Ledger
from ...model.access import AccessMode, LinkState
from ...model.clock import Clock
from ...model.consumption import Consumption
from ...model.credential import EvidenceLevel, Terms
from ...model.decision import Decision
from ...model.id_token import IdToken
from ...model.station import EvseKey
from ..register import SiteRegister
from .backend_desk import BackendDesk
from .exposures import Exposures

FORGOTTEN_AFTER = timedelta(minutes=10)
"""A session at a charger that has been out of sight for longer keeps nobody from charging elsewhere."""


class Deciding:
    """Puts the question together, has a backend asked where the mode wants it, and hands it to the authorizer."""

    def __init__(
        self,
        register: SiteRegister,
        ledger: Ledger,
        authorizer: Authorizer,
        backend: BackendDesk,
        exposures: Exposures,
        clock: Clock,
    ) -> None:
        """Decide with `authorizer`."""
        self._register = register
        self._ledger = ledger
        self._authorizer = authorizer
        self._backend = backend
        self._exposures = exposures
        self._clock = clock

    async def decide(
        self,
        id_token: IdToken,
        station_id: str,
        evse_id: int | None,
        *,
        level: EvidenceLevel = EvidenceLevel.KEY,
        source: str = "reader",
        terms: Terms | None = None,
        ordered_here: bool = False,
        may_ask: bool = True,
    ) -> Decision:
        """Answer "may this charge?". Waits for a backend no longer than the set-up says."""
        config = self._register.configs.get(station_id)
        at_reader = source == "reader" or ordered_here
        asked = replace(
            await self._asked(id_token, station_id, evse_id, terms),
            level=level,
            minimum_level=EvidenceLevel.FREE if at_reader or config is None else config.minimum_level,
            source="remote" if ordered_here else source,
            ordered_here=ordered_here,
        )
        mode, link, answer = self.mode(station_id), self._backend.link_at(station_id), None
        question = self._authorizer.question(asked, mode, link) if may_ask else Question.NO
        if question is Question.FIRST:
            answer = await self._backend.ask(id_token, station_id, evse_id, self._wait_s(mode, link))
            # Others may have begun with it meanwhile.
            asked = replace(asked, session_count=self._sessions_elsewhere(id_token, station_id, evse_id))
        elif question is Question.BESIDE:
            self._backend.ask_beside(id_token, station_id, evse_id)
        return self._authorizer.decide(asked, mode, link, answer)

    async def decide_vouched(self, id_token: IdToken, station_id: str, evse_id: int) -> Decision:
        """Answer for a start that a backend orders: it has said yes, so only somebody here can still say no."""
        asked = replace(await self._asked(id_token, station_id, evse_id, None), source="backend")
        return self._authorizer.decide_vouched(asked, self.mode(station_id))

    async def _asked(
        self, id_token: IdToken, station_id: str, evse_id: int | None, terms: Terms | None
    ) -> Presentation:
        return Presentation(
            id_token=id_token,
            station_id=station_id,
            evse_id=evse_id,
            at=self._clock.now(),
            subject=self._ledger.subject_of(id_token),
            terms=terms,
            used=await self.used(id_token, terms),
            session_count=self._sessions_elsewhere(id_token, station_id, evse_id),
            total_reached=self._exposures.reached,
        )

    def presentation(self, id_token: IdToken, station_id: str, evse_id: int | None, source: str) -> Presentation:
        """Return the bare question, for what needs nothing else to be known."""
        return Presentation(
            id_token=id_token, station_id=station_id, evse_id=evse_id, at=self._clock.now(), source=source
        )

    def mode(self, station_id: str) -> AccessMode:
        """Return who is asked about a card at a charger."""
        config = self._register.configs.get(station_id)
        own = None if config is None else config.access_mode
        return own or self._register.config.access.mode

    def _wait_s(self, mode: AccessMode, link: LinkState | None) -> float:
        access = self._register.config.access
        poor = mode is AccessMode.BACKEND_FIRST and link is LinkState.DEGRADED
        return access.degraded_wait_s if poor else access.wait_s

    async def used(self, id_token: IdToken, token_terms: Terms | None = None) -> Consumption:
        """Return what was charged with it before, where any of its terms wants to know."""
        credential = self._authorizer.credentials.find(id_token)
        own_terms = None if credential is None else credential.terms
        if not any(terms is not None and counts_consumption(terms) for terms in (own_terms, token_terms)):
            return Consumption()
        zone = self._register.config.goals.time_zone
        return await self._ledger.consumption(id_token, day_start(self._clock.now(), zone))

    def _sessions_elsewhere(self, id_token: IdToken, station_id: str, evse_id: int | None) -> int:
        now = self._clock.now()
        here = None if evse_id is None else EvseKey(station_id, evse_id)
        places = set(self._authorizer.remote_starts.pending(id_token, now))
        for evse in self._register.evses.values():
            session = evse.transaction
            if session is None or not evse.has_transaction or session.id_token is None:
                continue
            refused = evse.decision is not None and not evse.decision.accepted
            station = self._register.stations[evse.key.station_id]
            gone = not station.connected and (station.last_seen is None or now - station.last_seen > FORGOTTEN_AFTER)
            if session.id_token.key == id_token.key and not refused and not gone and session.stop_cause is None:
                places.add(evse.key)
        return len({place for place in places if place != here})
