"""Opens a site: its ledger, what it remembers, and its door to the chargers."""

from pathlib import Path
import secrets

from ..csms.payloads.sent import preload
from ..csms.settings import CsmsSettings
from ..ledger.ledger import Ledger
from ..model.clock import Clock
from ..model.id_token import IdToken, IdTokenType
from .config import SiteConfig
from .memory import SiteMemory
from .site import Site


async def open_site(
    *,
    config: SiteConfig,
    folder: Path,
    clock: Clock,
    port: int,
    host: str | None = None,
    settings: CsmsSettings | None = None,
) -> Site:
    """Open the site whose ledger lies in `folder`, and listen for chargers on `port` (0: any free one).

    Raises LedgerUnavailableError where the ledger cannot be opened, LayoutError where the circuits make no tree,
    OSError where the port is taken. Nothing is left open then.
    """
    await preload()
    ledger = await Ledger.open(folder / "ledger.db", clock)
    try:
        memory = await SiteMemory.open(ledger)
        tag = memory.text("site_tag")
        if tag is None:
            tag = _new_site_tag()
            await memory.keep("site_tag", tag)
        site = Site(
            config,
            ledger,
            memory,
            await ledger.credentials(),
            IdToken(tag, IdTokenType.CENTRAL),
            clock,
            settings or CsmsSettings(),
        )
    except BaseException:
        await ledger.close()
        raise
    try:
        await site.start(port, host)
    except BaseException:
        await site.close()
        raise
    return site


def _new_site_tag() -> str:
    """Make the idToken of a new site: 8 hex digits, which every charger takes and nobody guesses."""
    return secrets.token_hex(4).upper()
