"""What a backend answered before, under pseudonyms."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..model.access import BackendAnswer, Whitelist
from ..model.credential import SessionLimits
from ..model.id_token import AuthorizationStatus

JUST_NOW_S = 60.0
"""A card in a start this soon after the reader asked about it is not asked about again."""


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """An answer, and when it was given."""

    answer: BackendAnswer
    asked_at: datetime

    def age_s(self, at: datetime) -> float:
        """How old it is, in s. A clock that has been put back makes nothing younger."""
        return abs((at - self.asked_at).total_seconds())

    @property
    def blocks(self) -> bool:
        """Whether it puts the card on the block-list."""
        return not self.answer.accepted and self.answer.status is AuthorizationStatus.BLOCKED

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept: no number, no name, no group."""
        answer, limits = self.answer, self.answer.limits
        kept = {
            "at": self.asked_at.isoformat(),
            "accepted": answer.accepted,
            "status": answer.status.value,
            "until": answer.expires_at.isoformat() if answer.expires_at else None,
            "whitelist": answer.whitelist.value,
            "energy_wh": limits.energy_wh,
            "duration_s": limits.duration_s,
        }
        return {name: value for name, value in kept.items() if value is not None}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> CachedAnswer | None:
        """Read what was kept; None where it cannot be read."""
        try:
            answer = BackendAnswer(
                accepted=bool(kept["accepted"]),
                status=AuthorizationStatus(kept["status"]),
                expires_at=datetime.fromisoformat(kept["until"]) if "until" in kept else None,
                whitelist=Whitelist(kept["whitelist"]),
                limits=SessionLimits(energy_wh=kept.get("energy_wh"), duration_s=kept.get("duration_s")),
            )
            return cls(answer, datetime.fromisoformat(kept["at"]))
        except KeyError, TypeError, ValueError:
            return None


class BackendCache:
    """The last answer about every card that was asked about."""

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self._answers: dict[str, CachedAnswer] = {}

    def find(self, subject: str) -> CachedAnswer | None:
        """Return the last answer about a card."""
        return self._answers.get(subject)

    def keep(self, subject: str, answer: CachedAnswer) -> None:
        """Keep an answer in place of the one before."""
        self._answers[subject] = answer

    def forget(self) -> tuple[str, ...]:
        """Forget all answers but those that block; returns whose they were."""
        gone = tuple(subject for subject, known in self._answers.items() if not known.blocks)
        for subject in gone:
            del self._answers[subject]
        return gone
