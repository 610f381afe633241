"""What people are told when a charger does not do what they asked for, or when it cannot be recorded."""

from collections.abc import Awaitable

from homeassistant.exceptions import HomeAssistantError

from .const import DOMAIN
from .engine.model.command import CommandResult, Outcome
from .engine.model.failure import LedgerFullError, LedgerUnavailableError

_KEYS = {
    Outcome.REJECTED: "command_rejected",
    Outcome.UNSUPPORTED: "command_unsupported",
    Outcome.UNCERTAIN: "command_unanswered",
    Outcome.OFFLINE: "charger_offline",
}


def demand(result: CommandResult, charger: str) -> None:
    """Raise a translated HomeAssistantError unless the charger of that name does what it was asked to do."""
    if not result.done:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=_KEYS[result.outcome],
            translation_placeholders={"charger": charger},
        )


async def recorded[T](writing: Awaitable[T]) -> T:
    """Wait until something is in the ledger; raise a translated HomeAssistantError where it cannot be."""
    try:
        return await writing
    except (LedgerFullError, LedgerUnavailableError) as err:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="not_recorded") from err
