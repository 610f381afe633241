"""What Bluetooth costs without the radio: from a challenge to a decision, a token, and a hall full of advertisements.

All times are CPU time of the thread. The exchanges run with the reference holder in the same thread; its share is told
apart. Of the advertisers half are known here and half are strangers; each is heard by three radios at three chargers,
and every advertisement is looked up, counted towards its place, and asked for the nearest charger if it is known.
"""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from statistics import median, quantiles
import time
from typing import override

from custom_components.offline_evse.engine.authorization.ble.charger import Charger
from custom_components.offline_evse.engine.authorization.ble.exchange import approach
from custom_components.offline_evse.engine.authorization.ble.limits import ConnectLimits
from custom_components.offline_evse.engine.authorization.ble.nearby.proximity import Proximity
from custom_components.offline_evse.engine.authorization.ble.nearby.rolling_id import RollingIds, rolling_id
from custom_components.offline_evse.engine.authorization.ble.reader import Reader, Transport
from custom_components.offline_evse.engine.authorization.ble.states import Intent
from custom_components.offline_evse.engine.authorization.ble.trust.keys import SiteKeys, base64url
from custom_components.offline_evse.engine.authorization.ble.trust.tokens import Issuer, Issuers
from custom_components.offline_evse.engine.authorization.ble.wire.gatt import Advert, AdvertFlag, Info
from custom_components.offline_evse.engine.model.clock import Clock, Timer
from custom_components.offline_evse.engine.model.credential import Credential, CredentialKind
from custom_components.offline_evse.engine.model.id_token import IdToken, IdTokenType
from simulator.holder.crypto import seeded_key
from simulator.holder.holder import PLAIN, SEALED, Enrolment, Holder
from simulator.holder.issuer import TokenIssuer

from .report import print_table

_NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
_CHARGERS = [Charger(f"CP{number:03d}", 1) for number in range(3)]
_ADVERTS_PER_S = 10_000


class StillClock(Clock):
    """Noon for ever."""

    @override
    def now(self) -> datetime:
        return _NOON

    @override
    def monotonic(self) -> float:
        return 1000.0

    @override
    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        raise RuntimeError("Nothing waits here")


class _Place:
    """A site and a holder, which has a token and may have a record."""

    def __init__(self, *, record: bool, sealed: bool) -> None:
        random = Random(1)
        self.keys = SiteKeys.create(random.randbytes)
        chain = TokenIssuer(seeded_key("chain"))
        self.holder = Holder(seeded_key("holder"), capabilities=SEALED if sealed else PLAIN)
        now_s = int(_NOON.timestamp())
        self.token = chain.token(
            self.keys.site_id,
            self.holder.public,
            jti="Zm9vYmFyMTIz",
            nbf=now_s - 60,
            exp=now_s + 86_400,
            sub="guest-412",
            wh=20_000,
            whd=40_000,
            evse=["CP000"],
        )
        self.jkt = base64url(self.holder.thumbprint)
        site_key = self.keys.reader_public
        token = b"" if record else self.token
        self.holder.enrol(Enrolment(self.keys.site_id, site_key, token=token, sealed_only=sealed))
        records: dict[str, Credential] = {}
        if record:
            records[self.jkt] = Credential(
                id_token=IdToken("ROOM412", IdTokenType.CENTRAL),
                name="Room 412",
                kind=CredentialKind.BLE_KEY,
                key=self.jkt,
            )
        self.reader = Reader(
            self.keys,
            StillClock(),
            random.randbytes,
            records.get,
            issuers=Issuers([Issuer("chain", chain.public)]),
            sealed_only=lambda _: False,
        )

    def exchange_ms(self, frame_bytes: int) -> tuple[float, float]:
        """Grant once; returns what the site and the holder spent."""
        self.reader.limits = ConnectLimits()
        spent_ns = {True: 0, False: 0}

        def timed[T](of_site: bool, work: Callable[[], T]) -> T:
            started = time.thread_time_ns()
            done = work()
            spent_ns[of_site] += time.thread_time_ns() - started
            return done

        exchange = timed(True, lambda: approach(self.reader, _CHARGERS[0], "a", "s", Transport.CENTRAL, Intent.CABLE))
        exchange.connecting()
        link = self.holder.link(frame_bytes)
        to_holder = timed(True, lambda: exchange.connected(frame_bytes, Info.decode(self.holder.info)))
        answers = timed(False, lambda: [answer for frame in to_holder for answer in link.receive(frame)])
        steps = timed(True, lambda: [exchange.receive(answer) for answer in answers])
        if steps[-1].evidence is None:
            raise RuntimeError("Nothing was proved")
        timed(True, lambda: exchange.decide(granted=True))
        return spent_ns[True] / 1e6, spent_ns[False] / 1e6


def _exchanges(rounds: int) -> None:
    rows = []
    for name, record, sealed in (
        ("record, in clear", True, False),
        ("record, sealed", True, True),
        ("token, in clear", False, False),
        ("token, sealed", False, True),
    ):
        place = _Place(record=record, sealed=sealed)
        for mtu in (23, 185):
            took = [place.exchange_ms(mtu - 3) for _ in range(rounds)]
            site_ms, holder_ms = [site for site, _ in took], [holder for _, holder in took]
            slow_ms = quantiles(site_ms, n=100)[98]
            rows.append((name, str(mtu), f"{median(site_ms):.2f}", f"{slow_ms:.2f}", f"{median(holder_ms):.2f}"))
    print_table("Challenge to decision", ("what", "MTU", "site ms", "99 % within ms", "holder ms"), rows)


def _tokens(rounds: int) -> None:
    place = _Place(record=False, sealed=False)
    tokens = place.reader.tokens
    took_us = []
    for _ in range(rounds):
        started = time.thread_time_ns()
        tokens.read(place.token, place.jkt, _CHARGERS[0], _NOON, time_trusted=True)
        took_us.append((time.thread_time_ns() - started) / 1e3)
    row = (str(len(place.token)), f"{median(took_us):.0f}", f"{quantiles(took_us, n=100)[98]:.0f}")
    print_table("Checking a token", ("bytes", "median µs", "99 % within µs"), [row])


def _advertisements(advertisers: int, seconds: int) -> None:
    random = Random(2)
    now_s = _NOON.timestamp()
    secrets = {f"holder-{number}": random.randbytes(32) for number in range(advertisers // 2)}
    ids = RollingIds(secrets)
    proximity = Proximity({f"proxy-{number}": charger for number, charger in enumerate(_CHARGERS)})
    data = [Advert(AdvertFlag(0), rolling_id(secret, now_s)).encode() for secret in secrets.values()]
    data += [Advert(AdvertFlag(0), random.randbytes(8)).encode() for _ in range(advertisers - len(data))]
    addresses = [f"C4:{number >> 8:02X}:{number & 255:02X}:00:00:00" for number in range(advertisers)]
    heard = [
        (random.randrange(advertisers), f"proxy-{random.randrange(3)}", random.randrange(-90, -40))
        for _ in range(_ADVERTS_PER_S)
    ]
    known = 0
    started = time.thread_time_ns()
    for second in range(seconds):
        for number, (who, source, rssi_dbm) in enumerate(heard):
            at_s = second + number / _ADVERTS_PER_S
            advert = Advert.decode(data[who])
            if advert is None:
                continue
            proximity.heard(addresses[who], source, rssi_dbm, at_s)
            if ids.find(advert.rolling_id, now_s + at_s) is not None and proximity.nearest(addresses[who], at_s):
                known += 1
    took_s = (time.thread_time_ns() - started) / 1e9
    total = seconds * _ADVERTS_PER_S
    if not 0.4 * total < known < 0.6 * total:
        raise RuntimeError("Half of the advertisers should be known")
    started = time.thread_time_ns()
    ids.find(bytes(8), now_s + 3600)
    turn_ms = (time.thread_time_ns() - started) / 1e6
    row = (
        str(advertisers),
        f"{_ADVERTS_PER_S:,}",
        f"{took_s / total * 1e6:.1f}",
        f"{took_s / seconds * 100:.1f} %",
        f"{turn_ms:.2f}",
    )
    columns = ("advertisers", "adverts/s", "µs per advert", "of one core", "new ids ms")
    print_table("Advertisements", columns, [row])


def main() -> None:
    """Measure all three."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--advertisers", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=5)
    arguments = parser.parse_args()
    _exchanges(arguments.rounds)
    _tokens(arguments.rounds)
    _advertisements(arguments.advertisers, arguments.seconds)


if __name__ == "__main__":
    main()
