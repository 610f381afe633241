"""A site, a clock, a charger and somebody with a key: what most tests begin with."""

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from custom_components.offline_evse.engine.authorization.ble.charger import Charger
from custom_components.offline_evse.engine.authorization.ble.exchange import Exchange, approach
from custom_components.offline_evse.engine.authorization.ble.reader import Reader, Transport
from custom_components.offline_evse.engine.authorization.ble.states import Intent, Step
from custom_components.offline_evse.engine.authorization.ble.trust.keys import SiteKeys, base64url
from custom_components.offline_evse.engine.authorization.ble.trust.time_trust import TimeTrust
from custom_components.offline_evse.engine.authorization.ble.trust.tokens import Issuer, IssuerPurpose, Issuers
from custom_components.offline_evse.engine.authorization.ble.wire.gatt import Info
from custom_components.offline_evse.engine.model.credential import Credential, CredentialKind
from custom_components.offline_evse.engine.model.id_token import IdToken, IdTokenType
from simulator.holder.crypto import seeded_key
from simulator.holder.holder import Enrolment, Holder, HolderLink
from simulator.holder.issuer import Backend, TokenIssuer

from ...clock import NOON, ManualClock

CHARGER = Charger("CP001", 1)
OTHER_CHARGER = Charger("CP002", 1)
ADDRESS = "C4:11:22:33:44:55"
SOURCE = "proxy-a"
NOW_S = int(NOON.timestamp())


def credential_of(holder: Holder, **more: Any) -> Credential:
    """The site's own record of a holder's key."""
    token = IdToken("ROOM412", IdTokenType.CENTRAL)
    return Credential(
        id_token=token, name="Room 412", kind=CredentialKind.BLE_KEY, key=base64url(holder.thumbprint), **more
    )


class Meeting:
    """One site and one holder. The holder is enrolled as a stranger: `know` makes a record, `give` a token."""

    def __init__(self, *, seed: int = 1, sealed_only: bool = True, relay: bool = False, high_water: Any = None) -> None:
        self.clock = ManualClock()
        self.random: Callable[[int], bytes] = Random(seed).randbytes
        self.keys = SiteKeys.create(self.random)
        self.chain = TokenIssuer(seeded_key("chain"))
        self.backend = Backend(seeded_key("backend"), {self.keys.site_id: self.keys.reader_public})
        issuers = [Issuer("chain", self.chain.public), Issuer("site", self.keys.issuer_public)]
        if relay:
            issuers.append(Issuer("backend", self.backend.public, IssuerPurpose.RELAY))
        self.records: dict[str, Credential] = {}
        self.reader = Reader(
            self.keys,
            self.clock,
            self.random,
            self.records.get,
            issuers=Issuers(issuers),
            time_trust=TimeTrust(high_water),
            sealed_only=lambda charger: sealed_only,
        )
        self.holder = self.new_holder("holder")

    def new_holder(self, name: str, **more: Any) -> Holder:
        holder = Holder(seeded_key(name), **more)
        holder.enrol(Enrolment(self.keys.site_id, self.keys.reader_public, secret=name.encode() * 4, sealed_only=False))
        return holder

    def know(self, holder: Holder | None = None, **more: Any) -> Credential:
        credential = credential_of(holder or self.holder, **more)
        assert credential.key is not None
        self.records[credential.key] = credential
        return credential

    def give(self, holder: Holder | None = None, *, to: Holder | None = None, **claims: Any) -> bytes:
        """Give a holder a token that was made out to it, or to somebody else."""
        holder = holder or self.holder
        standard = {"jti": "token-1", "nbf": NOW_S - 60, "exp": NOW_S + 86_400, "wh": 20_000}
        token = self.chain.token(self.keys.site_id, (to or holder).public, **(standard | claims))
        holder.sites[self.keys.site_id].token = token
        return token

    def exchange(self, *, charger: Charger = CHARGER, address: str = ADDRESS, source: str = SOURCE) -> Exchange:
        return approach(self.reader, charger, address, source, Transport.CENTRAL, Intent.CABLE)

    def connect(
        self, holder: Holder | None = None, *, frame_bytes: int = 182, **more: Any
    ) -> tuple[Exchange, HolderLink, Step]:
        """Let them talk until neither has anything to say. Returns the step that mattered last."""
        exchange = self.exchange(**more)
        link = (holder or self.holder).link(frame_bytes)
        assert exchange.connecting() is None
        return exchange, link, self.talk(exchange, link)

    def challenge(self, *, holder: Holder | None = None, **more: Any) -> tuple[Exchange, tuple[bytes, ...]]:
        """An exchange whose challenge has been sent, and the frames of it."""
        exchange = self.exchange(**more)
        assert exchange.connecting() is None
        return exchange, exchange.connected(182, Info.decode((holder or self.holder).info))

    def talk(self, exchange: Exchange, link: HolderLink) -> Step:
        to_holder = exchange.connected(link.frame_bytes, Info.decode(link.holder.info))
        return self.carry(exchange, link, to_holder)

    def carry(self, exchange: Exchange, link: HolderLink, to_holder: Iterable[bytes]) -> Step:
        last = Step()
        pending = list(to_holder)
        while pending:
            answers = [answer for frame in pending for answer in link.receive(frame)]
            pending = []
            for frame in answers:
                step = exchange.receive(frame)
                pending += step.frames
                if step != Step():
                    last = step
        return last
