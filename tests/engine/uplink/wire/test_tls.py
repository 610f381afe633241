"""Backends behind TLS: who is believed, and who believes us."""

from datetime import timedelta
from pathlib import Path

import pytest

from custom_components.offline_evse.engine.model.upstream.config import UpstreamTls
from custom_components.offline_evse.engine.model.upstream.link import LinkTrouble
from custom_components.offline_evse.engine.uplink.wire.dialling import DialError

from .backend import Backend
from .certificates import Authority, plain_server, server_context
from .conftest import Dial


@pytest.fixture(scope="module")
def authority() -> Authority:
    """An authority that is set up by hand."""
    return Authority.make()


@pytest.fixture
def trust(authority: Authority) -> UpstreamTls:
    """What is set up for a backend of that authority."""
    return UpstreamTls(authority_pem=authority.pem)


async def _trouble(dial: Dial, url: str, tls: UpstreamTls | None) -> tuple[LinkTrouble, str]:
    with pytest.raises(DialError) as raised:
        await dial(url, tls=tls, password="open sesame")
    assert "sesame" not in raised.value.detail
    return raised.value.trouble, raised.value.detail


async def test_a_private_authority_is_trusted_once_it_is_set_up(
    dial: Dial, backend: Backend, authority: Authority, trust: UpstreamTls, tmp_path: Path
) -> None:
    await backend.start(server_context(authority.sign("csms.test"), tmp_path))
    connection = await dial(backend.url("csms.test"), tls=trust)
    assert not connection.closed.done()
    trouble, detail = await _trouble(dial, backend.url("csms.test"), None)
    assert trouble is LinkTrouble.CERTIFICATE
    assert "issuer" in detail or "self-signed" in detail


async def test_a_certificate_may_be_trusted_by_itself(
    dial: Dial, backend: Backend, authority: Authority, tmp_path: Path
) -> None:
    certificate = authority.sign("csms.test")
    await backend.start(server_context(certificate, tmp_path))
    connection = await dial(backend.url("csms.test"), tls=UpstreamTls(authority_pem=certificate.pem))
    assert not connection.closed.done()


async def test_an_expired_certificate_is_not_taken(
    dial: Dial, backend: Backend, authority: Authority, trust: UpstreamTls, tmp_path: Path
) -> None:
    await backend.start(server_context(authority.sign("csms.test", lasts=timedelta(days=-1)), tmp_path))
    trouble, detail = await _trouble(dial, backend.url("csms.test"), trust)
    assert (trouble, detail) == (LinkTrouble.CERTIFICATE, "certificate has expired")


async def test_a_certificate_of_another_name_is_not_taken(
    dial: Dial, backend: Backend, authority: Authority, trust: UpstreamTls, tmp_path: Path
) -> None:
    await backend.start(server_context(authority.sign("other.test"), tmp_path))
    trouble, detail = await _trouble(dial, backend.url("csms.test"), trust)
    assert trouble is LinkTrouble.CERTIFICATE
    assert "csms.test" in detail


@pytest.mark.parametrize("newest", [True, False])
async def test_a_backend_that_demands_our_certificate_gets_it(
    dial: Dial, backend: Backend, authority: Authority, tmp_path: Path, newest: bool
) -> None:
    clients = Authority.make("Clients")
    await backend.start(server_context(authority.sign("csms.test"), tmp_path, clients, newest))
    ours = clients.sign("CP1")
    tls = UpstreamTls(authority_pem=authority.pem, certificate_pem=ours.pem, key_pem=ours.key_pem)
    connection = await dial(backend.url("csms.test"), tls=tls)
    assert not connection.closed.done()


@pytest.mark.parametrize("newest", [True, False])
@pytest.mark.parametrize("strange", [True, False])
async def test_a_backend_that_does_not_take_our_certificate_says_so(
    dial: Dial, authority: Authority, tmp_path: Path, newest: bool, strange: bool
) -> None:
    context = server_context(authority.sign("csms.test"), tmp_path, Authority.make("Clients"), newest)
    ours = Authority.make("Strangers").sign("CP1")
    tls = UpstreamTls(
        authority_pem=authority.pem,
        certificate_pem=ours.pem if strange else None,
        key_pem=ours.key_pem if strange else None,
    )
    with plain_server(context) as port:
        trouble, detail = await _trouble(dial, f"wss://csms.test:{port}", tls)
    assert trouble is LinkTrouble.CREDENTIALS
    assert "alert" in detail


async def test_a_certificate_and_a_strange_key_are_no_pair(
    dial: Dial, backend: Backend, authority: Authority, tmp_path: Path
) -> None:
    await backend.start(server_context(authority.sign("csms.test"), tmp_path))
    tls = UpstreamTls(certificate_pem=authority.sign("a").pem, key_pem=authority.sign("b").key_pem)
    assert (await _trouble(dial, backend.url("csms.test"), tls))[0] is LinkTrouble.CREDENTIALS
    tls = UpstreamTls(certificate_pem=authority.sign("a").pem)
    assert (await _trouble(dial, backend.url("csms.test"), tls))[0] is LinkTrouble.CREDENTIALS


async def test_an_authority_that_is_no_certificate_is_said_to_be_none(dial: Dial) -> None:
    trouble, detail = await _trouble(dial, "wss://csms.test", UpstreamTls(authority_pem="no such thing"))
    assert trouble is LinkTrouble.CERTIFICATE
    assert "authority" in detail


async def test_plain_text_where_tls_is_expected_is_no_backend(dial: Dial, backend: Backend, trust: UpstreamTls) -> None:
    await backend.start()
    url = backend.url("csms.test").replace("ws:", "wss:")
    assert (await _trouble(dial, url, trust))[0] is LinkTrouble.NOT_OCPP


async def test_keys_and_passwords_are_in_no_repr(authority: Authority) -> None:
    tls = UpstreamTls(certificate_pem=authority.pem, key_pem=authority.key_pem)
    assert "PRIVATE" not in repr(tls)
