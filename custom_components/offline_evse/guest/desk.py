"""The guests' side of one running site: who is on the page, what is printed, and what the hotel's system says."""

from collections.abc import Callable
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from ..engine.site.site import Site
from .hotel.webhook import HotelWebhook
from .issuing import Issuing
from .settings import GuestSettings
from .slips import Slips
from .throttle import Rate, Throttle
from .visits import Visits

# A page asks every two seconds, and once more for whatever is pressed; a family has several.
ASKING: Final = (Rate(burst=60, per_s=5), Rate(burst=600, per_s=150))
# Beside the engine's own count of wrong codes, which knows nothing of right ones.
ENTERING: Final = (Rate(burst=10, per_s=0.2), Rate(burst=120, per_s=4))
# Starting and stopping makes chargers and contactors work.
PRESSING: Final = (Rate(burst=6, per_s=0.2), Rate(burst=60, per_s=2))
RECORDS: Final = (Rate(burst=6, per_s=0.2), Rate(burst=30, per_s=2))


class GuestDesk:
    """What the views and actions for guests find in the runtime of a site."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, site: Site) -> None:
        """Prepare; nothing is open before `follow`."""
        clock: Callable[[], float] = hass.loop.time
        self.hass = hass
        self._entry = entry
        self.site = site
        self.slips = Slips(clock)
        self.visits = Visits(clock)
        self.issuing = Issuing(hass, entry, site, self.slips)
        self.asking = Throttle(*ASKING, clock)
        self.entering = Throttle(*ENTERING, clock)
        self.pressing = Throttle(*PRESSING, clock)
        self.records = Throttle(*RECORDS, clock)
        self._webhook = HotelWebhook(hass, entry, site, self.issuing)

    @property
    def settings(self) -> GuestSettings:
        """The options as they are now."""
        return GuestSettings.of(self._entry)

    @callback
    def follow(self) -> None:
        """Take over the options: what was switched off is closed at once."""
        settings = self.settings
        if not settings.page:
            self.visits.end_all()
            self.slips.forget()
        self._webhook.follow(settings)

    @callback
    def stop(self) -> None:
        """Close everything."""
        self.visits.end_all()
        self.slips.forget()
        self._webhook.stop()
