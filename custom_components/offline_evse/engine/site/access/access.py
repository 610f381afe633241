"""Everything about who gets in, joined."""

from ...authorization.authorizer import Authorizer
from ...authorization.backend_cache import BackendCache
from ...authorization.credential_list import CredentialList
from ...authorization.remote_starts import RemoteStarts
from ...ledger.ledger import Ledger
from ...model.clock import Clock
from ...model.credential import Credential
from ...model.decision import StopCause
from ...model.id_token import IdToken
from ..background import Background
from ..memory import SiteMemory
from ..people import People
from ..register import SiteRegister
from ..state import EvseState
from ..steering.dispatch import Send
from ..steering.steering import Steering
from .backend_desk import BackendDesk
from .caps import Caps
from .deciding import Deciding
from .endings import Endings
from .evidence_door import EvidenceDoor
from .exposures import Exposures
from .local_lists import LocalLists
from .pass_desk import PassDesk
from .vehicles_seen import VehiclesSeen


class Access:
    """Joins what decides, what limits and what ends."""

    def __init__(
        self,
        register: SiteRegister,
        ledger: Ledger,
        authorizer: Authorizer,
        steering: Steering,
        memory: SiteMemory,
        send: Send,
        clock: Clock,
        background: Background,
    ) -> None:
        """Join the rooms; `welcome` people before it is used."""
        self._register = register
        self._ledger = ledger
        self._authorizer = authorizer
        self._steering = steering
        self._clock = clock
        self.backend = BackendDesk(register, ledger, authorizer.cache, memory, clock, background)
        self.endings = Endings(register, ledger, steering, send, clock, background)
        self._exposures = Exposures(register, ledger, self.backend, self.endings, memory, clock, background)
        self.deciding = Deciding(register, ledger, authorizer, self.backend, self._exposures, clock)
        self._caps = Caps(register, ledger, authorizer, self.deciding, self.endings, memory, clock, background)
        self.lists = LocalLists(register, ledger, authorizer.credentials, memory, send, clock, background)
        self.vehicles = VehiclesSeen(register, ledger, authorizer.credentials, steering, clock, background)

    def open_doors(self, people: People) -> tuple[EvidenceDoor, PassDesk]:
        """Return the doors for those who come without a card in a reader."""
        people.on_credential = self._credential_changed
        # After the card's: who charges says more than what is charged.
        self._steering.demands.add_rank(self.vehicles.rank)
        door = EvidenceDoor(
            self._register, self._ledger, self._authorizer, self.deciding, self.endings, people, self._clock
        )
        return door, PassDesk(self._ledger, self._authorizer, people, self.end_all, self._clock)

    def start(self) -> None:
        """Begin to watch."""
        self._caps.start()

    def close(self) -> None:
        """Watch no more."""
        self._exposures.close()
        self.backend.use(None)
        self._caps.close()
        self.lists.close()
        self.endings.close()

    def look(self, evse: EvseState) -> None:
        """Follow a session after every word about it."""
        self.endings.take_up(evse)
        self._caps.look(evse)
        self._exposures.look(evse)

    def configured(self) -> None:
        """Look again, because the set-up has changed."""
        self._exposures.tidy()
        self.lists.changed()
        for evse in tuple(self._register.evses.values()):
            self._caps.look(evse)

    def end_all(self, id_token: IdToken, cause: StopCause) -> None:
        """End whatever runs with a credential."""
        for evse in tuple(self._register.evses.values()):
            session = evse.transaction
            if session is not None and evse.has_transaction and session.id_token is not None:
                if session.id_token.key == id_token.key:
                    self.endings.order(evse, cause)

    def _credential_changed(self, id_token: IdToken) -> None:
        known: Credential | None = self._authorizer.credentials.find(id_token)
        if known is not None and known.blocked:
            self.end_all(id_token, StopCause.REVOKED)
        self._caps.terms_changed(id_token)
        self.lists.changed()


def authorizer_of(
    register: SiteRegister, credentials: tuple[Credential, ...], site_tag: IdToken, clock: Clock
) -> Authorizer:
    """Return what decides by the set-up of a site, whenever that changes."""
    return Authorizer(
        CredentialList(credentials),
        RemoteStarts(site_tag, clock.now()),
        BackendCache(),
        lambda: register.config.access,
        lambda: register.config.goals.time_zone,
    )
