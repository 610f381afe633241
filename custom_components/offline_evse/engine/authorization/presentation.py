"""What is known at the moment when somebody asks to charge."""

from dataclasses import dataclass, field
from datetime import datetime

from ..model.consumption import Consumption
from ..model.credential import EvidenceLevel, Terms
from ..model.id_token import IdToken


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """Somebody asks to charge."""

    id_token: IdToken
    station_id: str
    at: datetime
    evse_id: int | None = None
    subject: str = ""
    """Pseudonym under which a backend's answers about it are kept."""
    level: EvidenceLevel = EvidenceLevel.KEY
    minimum_level: EvidenceLevel = EvidenceLevel.FREE
    """What the charger asks for."""
    source: str = "reader"
    terms: Terms | None = None
    """What a signed token grants."""
    ordered_here: bool = False
    """Somebody starts it from here."""
    used: Consumption = field(default_factory=Consumption)
    session_count: int = 0
    """Sessions that run with it elsewhere."""
    total_reached: bool = False
    """The site has given away all that it may to whom nobody has confirmed."""
