"""Dialling a backend: address, version, password, certificate, and why it did not work."""

import asyncio
from base64 import b64encode
import logging
import socket
import ssl
from urllib.parse import quote

from aiohttp import (
    ClientError,
    ClientHandlerType,
    ClientRequest,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ClientWSTimeout,
    DummyCookieJar,
    TCPConnector,
    hdrs,
)
from aiohttp.abc import AbstractResolver
from yarl import URL

from ...model.clock import Clock, timeout
from ...model.station import OcppVersion
from ...model.upstream.config import LineConfig, UpstreamConfig, UpstreamTls
from ...model.upstream.link import LinkTrouble
from .connection import LARGEST_FRAME_BYTES, OnCall, UpConnection
from .tls import UnusableAuthorityError, UnusableCertificateError, build_context
from .troubles import DialError, of_exception, of_status

__all__ = ["DialError", "Dialler"]

_LOGGER = logging.getLogger(__name__)

_DIAL_S = 30.0
"""From the name server to the end of the handshake."""
_CLOSE_S = 5.0
_UNACKNOWLEDGED_MS = 90_000
"""After this long without a sign that our bytes arrive the machine gives a socket up, also while it is closing."""


class Dialler:
    """Opens connections to backends. One for all of them, closed at the end."""

    def __init__(self, clock: Clock, resolver: AbstractResolver | None = None) -> None:
        """Begin without a connection; `resolver` knows host names, None: aiohttp's own does."""
        self._clock = clock
        self._resolver = resolver
        self._session: ClientSession | None = None
        self._contexts: dict[str, tuple[UpstreamTls, ssl.SSLContext]] = {}

    async def dial(self, config: UpstreamConfig, line: LineConfig, on_call: OnCall) -> UpConnection:
        """Connect one charger to one backend; raises DialError. What the backend asks is put to `on_call`.

        A server that names none of several versions agrees to none of them. Where only one was offered it is taken at
        its silence: simple servers know one version and do not repeat it. If it closes before it says anything, it did
        not agree after all (`LinkTrouble.VERSION` in `UpConnection.closed`).
        """
        offered = tuple(dict.fromkeys(config.versions))
        url = address(config.url, line.identity)
        try:
            async with timeout(self._clock, _DIAL_S):
                context = await self._context(config) if url.scheme in ("wss", "https") else None
                web_socket = await self._opened().ws_connect(
                    url,
                    protocols=tuple(version.value for version in offered),
                    headers=_authorization(line),
                    ssl=True if context is None else context,
                    timeout=ClientWSTimeout(ws_close=_CLOSE_S),
                    autoping=False,
                    max_msg_size=LARGEST_FRAME_BYTES,
                    decode_text=False,
                )
        except TimeoutError:
            raise DialError(LinkTrouble.UNREACHABLE, "No answer in time") from None
        except (ClientError, OSError, ValueError) as err:
            # Not `from err`: its text and its attributes hold the address and the headers with the password.
            found = of_exception(err)
            _LOGGER.debug("Dialling %s failed: %s", config.upstream_id, found)
            raise found from None
        if web_socket.protocol is not None:
            return UpConnection(web_socket, OcppVersion(web_socket.protocol), self._clock, on_call)
        if len(offered) == 1:
            return UpConnection(web_socket, offered[0], self._clock, on_call, agreed=False)
        await web_socket.close()
        raise DialError(LinkTrouble.VERSION, "It named none of the versions that were offered")

    async def close(self) -> None:
        """Let go of everything; connections that are still open break."""
        session, self._session = self._session, None
        self._contexts.clear()
        if session is not None:
            await session.close()

    def _opened(self) -> ClientSession:
        """Return the session, which needs a running event loop to begin."""
        if self._session is None:
            connector = TCPConnector(
                limit=0, use_dns_cache=False, resolver=self._resolver, socket_factory=_socket, force_close=True
            )
            self._session = ClientSession(
                connector=connector,
                timeout=ClientTimeout(total=None, sock_connect=None),
                cookie_jar=DummyCookieJar(),
                middlewares=(_judge,),
            )
        return self._session

    async def _context(self, config: UpstreamConfig) -> ssl.SSLContext:
        """Return what the backend's address needs of TLS, made off the event loop and kept while it stays the same."""
        kept = self._contexts.get(config.upstream_id)
        if kept is not None and kept[0] == config.tls:
            return kept[1]
        try:
            context = await asyncio.get_running_loop().run_in_executor(None, build_context, config.tls)
        except UnusableAuthorityError:
            raise DialError(LinkTrouble.CERTIFICATE, "The authority that was set up is no certificate") from None
        except UnusableCertificateError:
            raise DialError(
                LinkTrouble.CREDENTIALS, "Our certificate and its key cannot be used, or do not belong together"
            ) from None
        self._contexts[config.upstream_id] = (config.tls, context)
        return context


def place_of(url: str) -> str:
    """Return the machine that an address leads to, whatever the path and whether or not it is encrypted."""
    try:
        return (URL(url.strip()).host or "").casefold()
    except ValueError:
        return ""


def address(url: str, identity: str) -> URL:
    """Join a backend's address and a station's identity; raises DialError if there is no address in it.

    The identity is percent-encoded as a whole (1.6-J §3.1.1). It makes no difference whether the address ends with a
    slash; a query stays behind the identity. A user name in the address is not used: the identity is the user.
    """
    try:
        parsed = URL(url.strip())
        joined = parsed.with_user(None).with_fragment(None)
        path = f"{joined.raw_path.rstrip('/')}/{quote(identity, safe='')}"
        joined = joined.with_path(path, encoded=True, keep_query=True)
    except ValueError:
        raise DialError(LinkTrouble.NOT_OCPP, "This is no address") from None
    if parsed.scheme not in ("ws", "wss", "http", "https") or not parsed.host:
        raise DialError(LinkTrouble.NOT_OCPP, "The address has to begin with ws:// or wss://")
    return joined


def _authorization(line: LineConfig) -> dict[str, str]:
    """Return the header of HTTP Basic (1.6 security whitepaper, profile 1 and 2); colons in an identity are its own."""
    if line.password is None:
        return {}
    return {hdrs.AUTHORIZATION: "Basic " + b64encode(f"{line.identity}:{line.password}".encode()).decode()}


async def _judge(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Look at the answer to a handshake before aiohttp does, and follow no redirection with a password at hand."""
    response = await handler(request)
    if response.status != 101:
        error = of_status(response.status, response.reason)
        response.close()
        raise error
    chosen = [word.strip() for word in response.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "").split(",")]
    offered = {word.strip().casefold() for word in request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "").split(",")}
    if any(chosen) and not any(word.casefold() in offered for word in chosen):
        response.close()
        raise DialError(LinkTrouble.VERSION, f"It speaks {', '.join(chosen)[:50]}")
    return response


def _socket(address_info: tuple[int, int, int, str, tuple[object, ...]]) -> socket.socket:
    """Make a socket that the machine gives up by itself once nothing arrives at the other end any more."""
    family, kind, protocol, _, _ = address_info
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MS)
    return made
