"""What an audit looks at, gathered at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ...balancing.tree.layout_doubts import LayoutDoubt
from ...model.failure import LedgerUnavailableError
from ...model.station import EvseKey
from ...model.storage import StorageFacts
from ...model.upstream.link import UpstreamView
from ..config import SiteConfig
from ..site import Site
from ..state import EvseState, SiteState, StationState


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFacts:
    """The site as it is now; live states are read and not changed."""

    now: datetime
    config: SiteConfig
    state: SiteState
    stations: Mapping[str, StationState]
    evses: Mapping[EvseKey, EvseState]
    card_count: int
    storage: StorageFacts | None
    """None: the ledger cannot be read."""
    doubts: tuple[LayoutDoubt, ...]
    upstreams: Mapping[str, UpstreamView]


async def gathered(site: Site, now: datetime) -> AuditFacts:
    """Gather what an audit looks at."""
    storage: StorageFacts | None
    try:
        storage = await site.records.storage()
    except LedgerUnavailableError, OSError:
        storage = None
    return AuditFacts(
        now=now,
        config=site.config,
        state=site.state,
        stations=site.stations,
        evses=site.evses,
        card_count=len(site.cards()),
        storage=storage,
        doubts=site.doubts(),
        upstreams=site.state.upstreams,
    )
