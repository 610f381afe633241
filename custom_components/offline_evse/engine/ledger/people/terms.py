"""Credentials as bodies of entries: what they are good for, without whose they are."""

from collections.abc import Mapping
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from ...model.credential import Credential, CredentialKind, HolderKind, PassForm, Terms, WeeklyHours
from ...model.id_token import IdToken
from ..body import Body
from ..entry import iso, moment

_NUMBERS = ("session_wh", "session_s", "day_wh", "total_wh", "priority", "session_count")


def credential_body(credential: Credential) -> Body:
    """Write a credential; holder, number and group are not in it."""
    body: Body = {
        "kind": credential.kind.value,
        "holder": credential.holder.value,
        "blocked": credential.blocked,
        "master": credential.master,
        "terms": terms_body(credential.terms),
        "key": credential.key,
        "pass_form": credential.pass_form.value if credential.pass_form else None,
        "code_hash": credential.code_hash,
        "link_hash": credential.link_hash,
    }
    return {name: value for name, value in body.items() if value not in (None, False, {})}


def terms_body(terms: Terms) -> Body:
    """Write terms; what limits nothing is left out."""
    body: Body = {name: getattr(terms, name) for name in _NUMBERS}
    body["valid_from"] = None if terms.valid_from is None else iso(terms.valid_from)
    body["valid_until"] = None if terms.valid_until is None else iso(terms.valid_until)
    body["money"] = None if terms.money is None else str(terms.money)
    body["tariff"] = terms.tariff
    body["stations"] = sorted(terms.station_ids) or None
    body["hours"] = [
        {"days": sorted(span.weekdays), "begins": span.begins.isoformat(), "ends": span.ends.isoformat()}
        for span in terms.hours
    ] or None
    return {name: value for name, value in body.items() if value is not None}


def read_credential(
    body: Mapping[str, Any], id_token: IdToken, name: str, group: str | None, changed_us: int
) -> Credential:
    """Read what `credential_body` wrote, with the person that was sealed beside it."""
    return Credential(
        id_token=id_token,
        name=name,
        kind=CredentialKind(body.get("kind", CredentialKind.CARD)),
        holder=HolderKind(body.get("holder", HolderKind.PERSON)),
        group=group,
        terms=read_terms(body.get("terms", {})),
        blocked=bool(body.get("blocked")),
        master=bool(body.get("master")),
        key=body.get("key"),
        pass_form=PassForm(body["pass_form"]) if body.get("pass_form") else None,
        code_hash=body.get("code_hash"),
        link_hash=body.get("link_hash"),
        changed_at=moment(changed_us),
    )


def read_terms(body: Mapping[str, Any]) -> Terms:
    """Read what `terms_body` wrote."""
    numbers: dict[str, int] = {name: body[name] for name in _NUMBERS if name in body}
    return Terms(
        valid_from=datetime.fromisoformat(body["valid_from"]) if "valid_from" in body else None,
        valid_until=datetime.fromisoformat(body["valid_until"]) if "valid_until" in body else None,
        hours=tuple(
            WeeklyHours(frozenset(span["days"]), time.fromisoformat(span["begins"]), time.fromisoformat(span["ends"]))
            for span in body.get("hours", ())
        ),
        station_ids=frozenset(body.get("stations", ())),
        money=Decimal(body["money"]) if "money" in body else None,
        tariff=body.get("tariff"),
        **numbers,
    )


def body_of_card(body: Mapping[str, Any]) -> Body:
    """Return what an entry of the time when there were only cards says, as it is written now."""
    terms: Body = {}
    if "expires_at" in body:
        terms["valid_until"] = body["expires_at"]
    if "priority" in body:
        terms["priority"] = body["priority"]
    read: Body = {"kind": CredentialKind.CARD.value, "holder": HolderKind.PERSON.value}
    if body.get("blocked"):
        read["blocked"] = True
    if terms:
        read["terms"] = terms
    return read
