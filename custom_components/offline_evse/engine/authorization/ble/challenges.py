"""Fresh challenges: sixteen random bytes, good once, for ten seconds, on one connection at one charger."""

from dataclasses import dataclass
from datetime import datetime

from .charger import Charger
from .trust.keys import RandomBytes, SiteKeys, new_private_key, sign
from .trust.sealed import SealedChannel
from .wire.messages import NONCE_BYTES, Challenge

GOOD_FOR_S = 10.0
MOST_OPEN = 64


@dataclass(frozen=True, slots=True)
class OpenChallenge:
    """A challenge that has been sent, with what its answer needs."""

    challenge: Challenge
    charger: Charger
    channel: SealedChannel | None
    until_s: float


class Challenges:
    """All challenges that are open, one per connection. In memory only: a restart forgets them."""

    def __init__(self, keys: SiteKeys, random: RandomBytes) -> None:
        """Sign with the site's reader key."""
        self._keys = keys
        self._random = random
        self._open: dict[object, OpenChallenge] = {}

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    def issue(self, connection: object, charger: Charger, now: datetime, at_s: float, *, sealed: bool) -> OpenChallenge:
        """Make the challenge for a connection; one that it had is void."""
        self._forget_ended(at_s)
        channel = SealedChannel(new_private_key(self._random)) if sealed else None
        unsigned = Challenge(
            site_id=self._keys.site_id,
            charger_id=charger.charger_id,
            nonce=self._random(NONCE_BYTES),
            unix_s=max(0, min(int(now.timestamp()), 0xFFFF_FFFF)),
            ephemeral=channel.public if channel else b"",
        )
        challenge = Challenge.decode(unsigned.payload + sign(self._keys.reader_key, unsigned.to_sign))
        if channel is not None:
            channel.bind(challenge.encode())
        issued = OpenChallenge(challenge, charger, channel, at_s + GOOD_FOR_S)
        self._open[connection] = issued
        return issued

    def redeem(self, connection: object, at_s: float) -> OpenChallenge | None:
        """Return the challenge of a connection and void it, whatever the answer is worth; None where there is none."""
        issued = self._open.pop(connection, None)
        return issued if issued is not None and at_s < issued.until_s else None

    def void(self, connection: object) -> None:
        """Forget the challenge of a connection that is no more."""
        self._open.pop(connection, None)

    def _forget_ended(self, at_s: float) -> None:
        self._open = {key: issued for key, issued in self._open.items() if issued.until_s > at_s}
        while len(self._open) >= MOST_OPEN:
            del self._open[next(iter(self._open))]
