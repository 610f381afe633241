"""What is known of a car before it shows it again: remembered under its holder's pseudonym."""

from ...balancing.control import Balancer
from ...ledger.ledger import Ledger
from ...model.id_token import IdToken
from ...model.offer import BalancingDecision
from ...model.station import EvseKey
from ..background import Background
from ..memory import SiteMemory
from ..register import SiteRegister
from ..state import EvseState
from .steering import Steering


class Vehicles:
    """Keeps the lowest current at which a car charges sensibly, by the card that it charges with.

    A start from here, with the site's own tag, says nothing of the car.
    """

    def __init__(
        self,
        register: SiteRegister,
        steering: Steering,
        balancer: Balancer,
        ledger: Ledger,
        memory: SiteMemory,
        background: Background,
        site_tag: IdToken,
    ) -> None:
        """Begin to follow the decisions."""
        self._register = register
        self._steering = steering
        self._balancer = balancer
        self._ledger = ledger
        self._memory = memory
        self._background = background
        self._site_tag = site_tag
        self._known: dict[EvseKey, tuple[str, float | None]] = {}
        """By EVSE: the session, and the minimum that is kept for its car."""
        steering.follow(self._look)

    def _look(self, decision: BalancingDecision) -> None:
        for key in decision.offers:
            evse = self._register.evses.get(key)
            if evse is None:
                continue
            session = evse.transaction if evse.has_transaction else None
            if session is None or session.id_token is None or session.id_token.key == self._site_tag.key:
                if self._known.pop(key, None) is not None:
                    self._expect(evse, None)
                continue
            known = self._known.get(key)
            if known is None or known[0] != session.session_id:
                self._known[key] = (session.session_id, None)
                self._background.run(self._recall(evse, session.session_id, session.id_token), "memory of a car")
                continue
            learned_a = self._balancer.learned_minimum(key)
            if learned_a is not None and learned_a != known[1]:
                self._known[key] = (session.session_id, learned_a)
                self._background.run(self._keep(session.id_token, learned_a), "memory of a car")

    async def _recall(self, evse: EvseState, session_id: str, id_token: IdToken) -> None:
        kept = self._memory.mapping(_fact(await self._ledger.pseudonym(id_token))).get("minimum_a")
        known = self._known.get(evse.key)
        if known is not None and known[0] == session_id and isinstance(kept, int | float):
            self._known[evse.key] = (session_id, float(kept))
            self._expect(evse, float(kept))

    async def _keep(self, id_token: IdToken, minimum_a: float) -> None:
        await self._memory.keep(_fact(await self._ledger.pseudonym(id_token)), {"minimum_a": minimum_a})

    def _expect(self, evse: EvseState, minimum_a: float | None) -> None:
        if evse.vehicle_minimum_a != minimum_a:
            evse.vehicle_minimum_a = minimum_a
            self._steering.demand_changed(evse)


def _fact(pseudonym: str) -> str:
    return f"vehicle/{pseudonym}"
