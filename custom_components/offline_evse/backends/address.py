"""What is typed as the address of a backend: what can be wrong with it, and how it is shown to strangers."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

from homeassistant.components.diagnostics import REDACTED
from yarl import URL

SCHEMES: Final = ("ws", "wss")


def tidied(address: str) -> str:
    """Take away what people paste along: blanks around it, and slashes at its end."""
    return address.strip().rstrip("/")


def address_error(address: str) -> str | None:
    """Say what is wrong with an address; None: nothing that can be seen from here."""
    try:
        url = URL(address)
        port = url.port
    except ValueError:
        return "bad_address"
    if url.scheme not in SCHEMES:
        return "bad_scheme"
    if url.user is not None or url.password is not None:
        return "credentials_in_address"
    if not url.host or port == 0 or any(it.isspace() or it == "#" for it in address):
        return "bad_address"
    return None


def is_secure(address: str) -> bool:
    """Tell whether the way to a backend is encrypted."""
    return URL(address).scheme == "wss"


def ends_in(address: str, names: Iterable[str]) -> str | None:
    """Return the name that an address ends in: that of a charger, which is appended anyway."""
    last = unquote(URL(address).raw_path.rpartition("/")[2]).casefold()
    return next((name for name in names if last and name.casefold() == last), None)


def without_end(address: str, names: Iterable[str]) -> str:
    """Take the name of a charger off the end of an address that was pasted whole."""
    if ends_in(address, names) is None:
        return address
    url = URL(address)
    return tidied(str(url.with_path(url.raw_path.rpartition("/")[0] or "/", encoded=True, keep_query=True)))


def redacted_address(address: str) -> str:
    """Keep where it leads, and nothing of what may be a secret in it."""
    try:
        url = URL(address)
        where = URL.build(scheme=url.scheme, host=url.host or "", port=url.explicit_port)
    except ValueError:
        return REDACTED
    return str(where).rstrip("/") + (f"/{REDACTED}" if url.raw_path.strip("/") or url.query_string else "")
