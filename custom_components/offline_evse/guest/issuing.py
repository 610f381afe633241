"""Handing a pass over: with the site's limits where it says nothing else, a link, its QR code and a slip to print."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..engine.model.credential import Credential, HolderKind, PassForm, Terms
from ..engine.model.guest_pass import IssuedPass
from ..engine.model.id_token import IdToken
from ..engine.site.site import Site
from .links import page_url, pass_link
from .qr import data_uri, qr_svg
from .settings import GuestSettings, kilowatt_hours
from .slips import Slip, Slips
from .spots import charger_name

SLIP_PATH = "/api/offline_evse/guest/slip"


@dataclass(frozen=True, slots=True, kw_only=True)
class PassWanted:
    """A pass as somebody asks for it."""

    name: str
    valid_until: datetime
    valid_from: datetime | None = None
    holder: HolderKind = HolderKind.ROOM
    form: PassForm = PassForm.CODE
    card: str | None = None
    key: str | None = None
    terms: Terms = field(default_factory=Terms)
    """Limits other than its time. What is None is taken from the site's options."""
    group: str | None = None
    guest: str | None = None
    """Printed on the slip, and kept nowhere."""


class Issuing:
    """Issues passes, and describes them for whoever asked."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, site: Site, slips: Slips) -> None:
        """Issue at one site."""
        self._hass = hass
        self._entry = entry
        self._site = site
        self._slips = slips

    async def issue(self, wanted: PassWanted) -> dict[str, Any]:
        """Issue a pass; raises what the ledger raises. The answer is the only place where its code is told."""
        issued = await self._site.passes.issue(
            wanted.name,
            valid_until=wanted.valid_until,
            valid_from=wanted.valid_from,
            holder=wanted.holder,
            form=wanted.form,
            card=IdToken(wanted.card) if wanted.card else None,
            key=wanted.key,
            terms=with_limits(wanted.terms, GuestSettings.of(self._entry).limits),
            group=wanted.group,
        )
        return self.handed_over(issued, guest=wanted.guest)

    async def renew(self, pass_id: str, guest: str | None = None) -> dict[str, Any]:
        """Give a pass another code and link; those before open nothing any more. Raises KeyError for no such pass."""
        return self.handed_over(await self._site.passes.renew_code(pass_id), guest=guest)

    def handed_over(self, issued: IssuedPass, *, guest: str | None) -> dict[str, Any]:
        """Describe a pass with its code."""
        settings = GuestSettings.of(self._entry)
        page = page_url(self._hass, settings) if settings.page else None
        link = pass_link(page, issued.link_secret) if page and issued.link_secret else None
        svg = qr_svg(link) if link else None
        slip = None
        if settings.page and issued.code:
            terms = issued.credential.terms
            name = self._slips.keep(
                Slip(
                    site=self._entry.title,
                    name=issued.credential.name,
                    guest=guest,
                    code=issued.code,
                    page=page,
                    svg=svg,
                    valid_from=_local(terms.valid_from),
                    valid_until=_local(terms.valid_until),
                )
            )
            slip = f"{SLIP_PATH}/{name}"
        return {
            **self.described(issued.credential),
            "code": issued.code,
            "link": link,
            "qr": data_uri(svg) if svg else None,
            "slip": slip,
        }

    def described(self, credential: Credential) -> dict[str, Any]:
        """Describe a pass without its code, which nobody knows."""
        terms = credential.terms
        form = credential.pass_form
        return {
            "pass_id": credential.id_token.value,
            "name": credential.name,
            "holder": credential.holder.value,
            "form": form.value if form else None,
            "from": terms.valid_from.isoformat() if terms.valid_from else None,
            "to": terms.valid_until.isoformat() if terms.valid_until else None,
            "session_energy": kilowatt_hours(terms.session_wh),
            "day_energy": kilowatt_hours(terms.day_wh),
            "total_energy": kilowatt_hours(terms.total_wh),
            "chargers": sorted(charger_name(self._entry, station_id) for station_id in terms.station_ids),
            "blocked": credential.blocked,
        }


def with_limits(terms: Terms, otherwise: Terms) -> Terms:
    """Fill in the limits of energy that were not given."""
    return replace(
        terms,
        session_wh=otherwise.session_wh if terms.session_wh is None else terms.session_wh,
        day_wh=otherwise.day_wh if terms.day_wh is None else terms.day_wh,
        total_wh=otherwise.total_wh if terms.total_wh is None else terms.total_wh,
    )


def _local(moment: datetime | None) -> datetime | None:
    """Put a moment into local time; the end of the year 9999 has none."""
    try:
        return dt_util.as_local(moment) if moment else None
    except OverflowError:
        return moment
