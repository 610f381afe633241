import base64
from datetime import timedelta
import json
from typing import Any

import jwt as pyjwt
import pytest

from custom_components.offline_evse.engine.authorization.ble.charger import Charger
from custom_components.offline_evse.engine.authorization.ble.trust.claims import Claims, TokenError
from custom_components.offline_evse.engine.authorization.ble.trust.keys import (
    BadKey,
    SiteKeys,
    base64url,
    id_token_of,
    load_public_key,
    private_key,
    sign,
    verify,
)
from custom_components.offline_evse.engine.authorization.ble.trust.revocations import Revocations
from custom_components.offline_evse.engine.authorization.ble.trust.time_trust import TimeTrust
from custom_components.offline_evse.engine.authorization.ble.trust.tokens import (
    Issuer,
    IssuerPurpose,
    Issuers,
    TokenReader,
    issue,
)
from simulator.holder.crypto import seeded_key, thumbprint
from simulator.holder.issuer import TokenIssuer, jwt

from ...clock import NOON
from .meeting import CHARGER, NOW_S

KEYS = SiteKeys(b"\x01" * 8, private_key(b"\x11" * 32), private_key(b"\x22" * 32))
CHAIN = TokenIssuer(seeded_key("chain"))
HOLDER = seeded_key("holder")
JKT = base64url(thumbprint(TokenIssuer(HOLDER).public))


def reader(revocations: Revocations | None = None, *issuers: Issuer) -> TokenReader:
    return TokenReader(KEYS.audience, Issuers(issuers or [Issuer("chain", CHAIN.public)]), revocations or Revocations())


def claims(**more: Any) -> dict[str, Any]:
    standard = {
        "iss": CHAIN.iss,
        "aud": KEYS.audience,
        "jti": "j1",
        "nbf": NOW_S - 60,
        "exp": NOW_S + 3600,
        "cnf": {"jkt": JKT},
    }
    return {name: value for name, value in (standard | more).items() if value is not ...}


def reason(token: bytes, tokens: TokenReader | None = None, charger: Charger = CHARGER, *, trusted: bool = True) -> str:
    with pytest.raises(TokenError) as refused:
        (tokens or reader()).read(token, JKT, charger, NOON, time_trusted=trusted)
    return refused.value.reason


def test_a_token_of_another_library_is_read() -> None:
    token = pyjwt.encode(claims(wh=5000), CHAIN.key, algorithm="ES256").encode()
    grant = reader().read(token, JKT, CHARGER, NOON, time_trusted=True)
    assert grant.claims.session_wh == 5000
    assert grant.claims.terms(CHARGER).session_wh == 5000


def test_another_library_reads_ours() -> None:
    made = Claims(
        issuer=base64url(thumbprint(KEYS.issuer_public)),
        audience=(KEYS.audience,),
        jti="j",
        not_before=NOW_S,
        expires=NOW_S + 60,
        jkt=JKT,
        day_wh=9000,
        chargers=("CP001",),
    )
    token = issue(KEYS.issuer_key, made)
    read = pyjwt.decode(
        token,
        KEYS.issuer_key.public_key(),
        algorithms=["ES256"],
        audience=KEYS.audience,
        options={"verify_exp": False, "verify_nbf": False, "require": ["exp", "nbf", "aud", "jti", "cnf"]},
    )
    assert read["cnf"] == {"jkt": JKT} and read["whd"] == 9000
    assert Claims.from_dict(read) == made
    site = Issuer("site", KEYS.issuer_public)
    assert reader(None, site).read(token, JKT, CHARGER, NOON, time_trusted=True).claims == made


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "ES384"},
        {"alg": "es256"},
        {},
        {"alg": "ES256", "crit": ["exp"]},
        {"alg": "ES256", "crit": ["b64"], "b64": False},
        {"alg": "ES256", "jku": "https://evil.example/keys"},
        {"alg": "ES256", "x5u": "https://evil.example/key"},
        {"alg": "ES256", "jwk": {"kty": "EC"}},
        {"alg": "ES256", "x5c": []},
        {"alg": "ES256", "zip": "DEF"},
        {"alg": "ES256", "typ": "secevent+jwt"},
        {"alg": ["ES256"]},
        {"alg": "ES256", "typ": []},
    ],
)
def test_a_header_that_says_more_than_es256_is_refused(header: dict[str, Any]) -> None:
    assert reason(jwt(CHAIN.key, claims(), header)) in {"header", "malformed"}


def test_headers_that_others_write_are_taken() -> None:
    for header in ({"alg": "ES256", "typ": "JWT"}, {"alg": "ES256", "kid": "1"}):
        assert reader().read(jwt(CHAIN.key, claims(), header), JKT, CHARGER, NOON, time_trusted=True)


@pytest.mark.parametrize("missing", ["iss", "aud", "jti", "nbf", "exp", "cnf"])
def test_what_must_be_there_must_be_there(missing: str) -> None:
    assert reason(jwt(CHAIN.key, claims(**{missing: ...}))) in {f"no_{missing}", "no_key", "malformed"}


@pytest.mark.parametrize(
    "more",
    [
        {"exp": 1e18},
        {"exp": 2**63},
        {"exp": float("inf")},
        {"exp": str(NOW_S + 60)},
        {"nbf": None},
        {"nbf": NOW_S + 0.5},
        {"wh": "1"},
        {"wh": -1},
        {"wh": True},
        {"dur": 10**9},
        {"prio": []},
        {"evse": "CP001"},
        {"evse": []},
        {"evse": [1]},
        {"evse": ["CP001"] * 33},
        {"aud": []},
        {"aud": {}},
        {"aud": KEYS.audience.upper() + " "},
        {"cnf": "key"},
        {"cnf": {"jkt": 1}},
        {"jti": ""},
        {"jti": "x" * 129},
        {"sub": 5},
    ],
)
def test_claims_of_the_wrong_kind_are_refused(more: dict[str, Any]) -> None:
    assert reason(jwt(CHAIN.key, claims(**more)))


def test_names_that_occur_twice_are_refused() -> None:
    text = json.dumps(claims())[:-1] + f', "exp": {NOW_S + 10**6}}}'
    head = base64.urlsafe_b64encode(b'{"alg":"ES256"}').rstrip(b"=")
    signed = head + b"." + base64.urlsafe_b64encode(text.encode()).rstrip(b"=")
    assert reason(signed + b"." + base64url(sign(CHAIN.key, signed)).encode()) == "malformed"


@pytest.mark.parametrize(
    "token", [b"", b"a.b.c", b"." * 300, b"A" * 512, b"A" * 513, b"\xff" * 100, b"e30.e30." + b"A" * 86]
)
def test_what_is_no_token_is_refused(token: bytes) -> None:
    assert reason(token) in {"malformed", "header"}


def test_the_signature_is_checked_with_the_issuers_own_key() -> None:
    token = jwt(HOLDER, claims())
    assert reason(token) == "signature"
    genuine = jwt(CHAIN.key, claims())
    assert reason(genuine[:-2] + (b"AA" if genuine[-2:] != b"AA" else b"BB")) == "signature"


def test_a_token_is_written_in_one_way_only() -> None:
    genuine = jwt(CHAIN.key, claims())
    last = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    at = last.index(genuine[-1:])
    assert reason(genuine[:-1] + last[at ^ 1 : (at ^ 1) + 1]) == "malformed", "two bits that nothing says"


def test_numbers_outside_json_are_refused() -> None:
    text = json.dumps(claims())[:-1] + ', "x": NaN}'
    signed = base64url(b'{"alg":"ES256"}').encode() + b"." + base64url(text.encode()).encode()
    assert reason(signed + b"." + base64url(sign(CHAIN.key, signed)).encode()) == "malformed"


def test_unknown_issuers_and_purposes_are_refused() -> None:
    token = jwt(CHAIN.key, claims())
    assert reason(token, reader(None, Issuer("site", KEYS.issuer_public))) == "issuer"
    assert reason(token, reader(None, Issuer("chain", CHAIN.public, IssuerPurpose.RELAY))) == "issuer"


def test_a_relayed_answer_is_no_token_and_a_token_no_relayed_answer() -> None:
    both = Issuer("chain", CHAIN.public, IssuerPurpose.RELAY | IssuerPurpose.TOKENS)
    request = b"\x07" * 16
    relayed = jwt(CHAIN.key, claims(n=base64url(request), exp=NOW_S + 30, nbf=NOW_S))
    tokens = reader(None, both)
    assert reason(relayed, tokens) == "relayed"
    assert tokens.read_relayed(relayed, request, JKT, CHARGER, NOON, time_trusted=True).issuer.name == "chain"
    for answer, asked in ((relayed, b"\x08" * 16), (jwt(CHAIN.key, claims()), request)):
        with pytest.raises(TokenError, match="other_request"):
            tokens.read_relayed(answer, asked, JKT, CHARGER, NOON, time_trusted=True)
    lasting = jwt(CHAIN.key, claims(n=base64url(request)))
    with pytest.raises(TokenError, match="too_long"):
        tokens.read_relayed(lasting, request, JKT, CHARGER, NOON, time_trusted=True)


def test_a_token_may_name_chargers_in_two_ways() -> None:
    for name in ("CP001", CHARGER.charger_id.hex()):
        grant = reader().read(jwt(CHAIN.key, claims(evse=[name, "CP9"])), JKT, CHARGER, NOON, time_trusted=True)
        assert grant.claims.terms(CHARGER).station_ids == frozenset({"CP001", "CP9"})
    assert reason(jwt(CHAIN.key, claims(evse=["CP9"]))) == "other_charger"


def test_a_token_waits_for_a_time_that_can_be_trusted() -> None:
    assert reason(jwt(CHAIN.key, claims()), trusted=False) == "time"


def test_a_token_too_long_to_send_is_not_issued() -> None:
    made = Claims(
        issuer="i" * 43, audience=("a" * 16,), jti="j" * 100, not_before=0, expires=1, jkt=JKT, subject="s" * 120
    )
    with pytest.raises(ValueError):
        issue(KEYS.issuer_key, made)


def test_revocations_outlive_a_restart_and_end_with_what_they_revoke() -> None:
    revocations = Revocations()
    revocations.revoke_token("a", NOON + timedelta(hours=1))
    revocations.revoke_token("b", NOON + timedelta(hours=3))
    revocations.revoke_key("k")
    revocations.revoke_key("l", NOON + timedelta(hours=1))
    revocations.invalidate_before(NOON)
    revocations.invalidate_before(NOON - timedelta(days=1))
    loaded = Revocations.load(json.loads(json.dumps(revocations.dump())))
    assert loaded.token_revoked("a") and loaded.key_revoked("k") and loaded.issued_after == NOON
    loaded.forget_ended(NOON + timedelta(hours=2))
    assert not loaded.token_revoked("a") and loaded.token_revoked("b")
    assert loaded.key_revoked("k") and not loaded.key_revoked("l") and len(loaded) == 2
    loaded.restore_key("k")
    assert not loaded.key_revoked("k")


def test_nothing_revoked_is_stored_as_nothing() -> None:
    loaded = Revocations.load(Revocations().dump())
    assert len(loaded) == len(Revocations.load({})) == 0 and loaded.issued_after is None


def test_time_is_trusted_while_it_runs_forward() -> None:
    trust = TimeTrust(NOON)
    assert trust.trusted(NOON - timedelta(seconds=30)) and trust.high_water == NOON
    assert not trust.trusted(NOON - timedelta(seconds=31))
    assert trust.trusted(NOON + timedelta(days=1)) and not trust.trusted(NOON)
    trust.confirm(NOON)
    assert trust.trusted(NOON)


def test_site_keys_outlive_a_restart() -> None:
    loaded = SiteKeys.from_dict(json.loads(json.dumps(KEYS.to_dict())))
    assert loaded.site_id == KEYS.site_id and loaded.audience == "01" * 8
    assert (loaded.reader_public, loaded.issuer_public) == (KEYS.reader_public, KEYS.issuer_public)
    assert loaded.reader_public != loaded.issuer_public
    for broken in ({"site_id": ""}, KEYS.to_dict() | {"reader_key": "AAAA"}):
        with pytest.raises((KeyError, ValueError)):
            SiteKeys.from_dict(broken)


def test_signatures_outside_the_curves_order_are_none() -> None:
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    genuine = sign(HOLDER, b"data")
    public = TokenIssuer(HOLDER).public
    assert verify(public, genuine, b"data")
    for wrong in (b"", genuine[:-1], genuine + b"\0", bytes(64), order.to_bytes(32) * 2, genuine[32:] + genuine[:32]):
        assert not verify(public, wrong, b"data")
    assert not verify(public, genuine, b"other")
    with pytest.raises(BadKey):
        load_public_key(b"\x02" + bytes(31) + b"\x05" + b"\0")


def test_a_keys_number_fits_every_charger() -> None:
    token = id_token_of(JKT)
    assert len(token.value) == 20 and token.value.isascii() and token.type == "Central"
    assert token != id_token_of("other")
