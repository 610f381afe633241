"""Decisions as values, put together in one form."""

from datetime import datetime

from ..model.credential import Credential, CredentialKind, SessionLimits
from ..model.decision import STATUSES, Decision, DecisionBasis, Refusal
from ..model.id_token import AuthorizationStatus, IdToken, IdTokenType
from .presentation import Presentation

VEHICLE_PREFIX = "vid:"
"""How chargers mark a car that they recognise where OCPP 1.6 has only an idTag."""


def is_vehicle(id_token: IdToken, credential: Credential | None) -> bool:
    """Whether what is presented is a car, and nobody."""
    if credential is not None:
        return credential.kind is CredentialKind.VEHICLE
    return id_token.type is IdTokenType.MAC_ADDRESS or id_token.key.startswith(VEHICLE_PREFIX)


def sessions_of(credential: Credential | None) -> int | None:
    """Return how many sessions at a time go with it unless its terms say otherwise; None: any number."""
    if credential is not None and credential.kind is CredentialKind.CARD and credential.pass_form is None:
        return None
    return None if credential is not None and credential.master else 1


def own_basis(credential: Credential | None) -> DecisionBasis:
    """Return what a decision about this rests on."""
    if credential is None:
        return DecisionBasis.UNKNOWN_CARD
    return DecisionBasis.MASTER if credential.master else DecisionBasis.CREDENTIAL


def accepted(
    asked: Presentation,
    basis: DecisionBasis,
    credential: Credential | None,
    *,
    name: str | None = None,
    limits: SessionLimits | None = None,
    expires_at: datetime | None = None,
) -> Decision:
    """Let it charge."""
    return Decision(
        id_token=asked.id_token,
        status=AuthorizationStatus.ACCEPTED,
        basis=basis,
        decided_at=asked.at,
        name=name or (credential.name if credential else None),
        expires_at=expires_at,
        level=asked.level,
        source=asked.source,
        limits=limits or SessionLimits(),
        kind=credential.kind if credential else None,
        group=credential.group if credential else None,
    )


def refused(asked: Presentation, basis: DecisionBasis, refusal: Refusal, credential: Credential | None) -> Decision:
    """Let it not charge."""
    return Decision(
        id_token=asked.id_token,
        status=STATUSES.get(refusal, AuthorizationStatus.INVALID),
        basis=basis,
        decided_at=asked.at,
        name=credential.name if credential else None,
        expires_at=credential.terms.valid_until if credential else None,
        refusal=refusal,
        level=asked.level,
        source=asked.source,
        kind=credential.kind if credential else None,
        group=credential.group if credential else None,
    )
