"""The one place that decides whether somebody may charge."""

from datetime import datetime

from ..model.credential import Credential
from ..model.decision import Decision, DecisionBasis
from ..model.id_token import AuthorizationStatus, IdToken
from .credential_list import CredentialList
from .remote_starts import RemoteStarts


class Authorizer:
    """Decides from the enrolled cards and the starts ordered here. Whom nobody knows gets no energy."""

    def __init__(self, credentials: CredentialList, remote_starts: RemoteStarts) -> None:
        """Decide from these."""
        self.credentials = credentials
        self.remote_starts = remote_starts

    def decide(self, id_token: IdToken, at: datetime, station_id: str, evse_id: int | None = None) -> Decision:
        """Answer "may this charge?". A blocked or expired card stays so, whoever ordered the start."""
        card = self.credentials.find(id_token)
        if card is not None and (refusal := _refusal(card, at)) is not None:
            status, basis = refusal, DecisionBasis.CREDENTIAL
        elif self.remote_starts.expects(station_id, evse_id, id_token, at):
            status, basis = AuthorizationStatus.ACCEPTED, DecisionBasis.REMOTE_START
        elif card is not None:
            status, basis = AuthorizationStatus.ACCEPTED, DecisionBasis.CREDENTIAL
        else:
            status, basis = AuthorizationStatus.INVALID, DecisionBasis.UNKNOWN_CARD
        return Decision(
            id_token=id_token,
            status=status,
            basis=basis,
            decided_at=at,
            name=card.name if card else None,
            expires_at=card.terms.valid_until if card else None,
        )

    def accepted_before(self, id_token: IdToken, at: datetime, name: str | None) -> Decision:
        """Repeat the answer that a running transaction got when it began."""
        return Decision(
            id_token=id_token,
            status=AuthorizationStatus.ACCEPTED,
            basis=DecisionBasis.RUNNING,
            decided_at=at,
            name=name,
        )


def _refusal(card: Credential, at: datetime) -> AuthorizationStatus | None:
    if card.blocked:
        return AuthorizationStatus.BLOCKED
    if card.terms.valid_until is not None and card.terms.valid_until <= at:
        return AuthorizationStatus.EXPIRED
    return None
