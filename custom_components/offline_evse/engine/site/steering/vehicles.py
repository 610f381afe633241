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
    """Keeps the lowest current at which a car charges sensibly, by the car where it was recognised, or by the card.

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
        self._known: dict[EvseKey, tuple[tuple[str, IdToken], float | None]] = {}
        """By EVSE: the session with what it is known by, and the minimum that is kept for its car."""
        steering.follow(self._look)

    def _look(self, decision: BalancingDecision) -> None:
        for key in decision.offers:
            evse = self._register.evses.get(key)
            if evse is None:
                continue
            session = evse.transaction if evse.has_transaction else None
            token = self._token(evse)
            if session is None or token is None:
                if self._known.pop(key, None) is not None:
                    self._expect(evse, None)
                continue
            known, car = self._known.get(key), (session.session_id, token)
            if known is None or known[0] != car:
                self._known[key] = (car, None)
                self._background.run(self._recall(evse, car), "memory of a car")
                continue
            learned_a = self._balancer.learned_minimum(key)
            if learned_a is not None and learned_a != known[1]:
                self._known[key] = (car, learned_a)
                self._background.run(self._keep(token, learned_a), "memory of a car")

    def _token(self, evse: EvseState) -> IdToken | None:
        if evse.vehicle is not None:
            return evse.vehicle.id_token
        token = None if evse.transaction is None else evse.transaction.id_token
        return None if token is None or token.key == self._site_tag.key else token

    async def _recall(self, evse: EvseState, car: tuple[str, IdToken]) -> None:
        kept = self._memory.mapping(_fact(await self._ledger.pseudonym(car[1]))).get("minimum_a")
        known = self._known.get(evse.key)
        if known is not None and known[0] == car and isinstance(kept, int | float):
            self._known[evse.key] = (car, float(kept))
            self._expect(evse, float(kept))

    async def _keep(self, id_token: IdToken, minimum_a: float) -> None:
        await self._memory.keep(_fact(await self._ledger.pseudonym(id_token)), {"minimum_a": minimum_a})

    def _expect(self, evse: EvseState, minimum_a: float | None) -> None:
        if (car := evse.goal.car) is not None and car.minimum_a is not None:
            # Somebody has said so; what was learned can only be more.
            minimum_a = max(minimum_a or 0.0, car.minimum_a)
        if evse.vehicle_minimum_a != minimum_a:
            evse.vehicle_minimum_a = minimum_a
            self._steering.demand_changed(evse)


def _fact(pseudonym: str) -> str:
    return f"vehicle/{pseudonym}"
