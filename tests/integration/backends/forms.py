"""Going through the forms of backends as the frontend does."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_schema_suggested_value

from simulator.backend.central import CentralSystem
from tests.integration.backends.conftest import backend_id

EMPTY: dict[str, Any] = {
    "rights": {"knows_repeats": True},
    "traffic": {"live_interval": 60, "probe_interval": 15},
    "tls": {},
}


def answers(central: CentralSystem, **more: Any) -> dict[str, Any]:
    """A backend, as it is filled in."""
    address = f"ws://127.0.0.1:{central.port}/ocpp"
    first = {"name": "Road", "address": address, "role": "report", "chargers": ["CP-1"], "version": "automatic"}
    return first | EMPTY | more


async def begin(hass: HomeAssistant, entry: MockConfigEntry) -> SubentryFlowResult:
    return await hass.config_entries.subentries.async_init((entry.entry_id, "backend"), context={"source": SOURCE_USER})


async def change(hass: HomeAssistant, entry: MockConfigEntry, title: str = "Monta") -> SubentryFlowResult:
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, "backend"),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": backend_id(entry, title)},
    )


async def go_on(
    hass: HomeAssistant, flow: SubentryFlowResult, filled: dict[str, Any] | None = None
) -> SubentryFlowResult:
    """Submit a form, and wait while a backend is dialled."""
    flow = await hass.config_entries.subentries.async_configure(flow["flow_id"], filled)
    while flow["type"] is FlowResultType.SHOW_PROGRESS:
        assert flow["progress_action"] == "try_backend"
        await hass.async_block_till_done()
        flow = await hass.config_entries.subentries.async_configure(flow["flow_id"])
    return flow


def told(flow: SubentryFlowResult) -> Mapping[str, str]:
    """What the texts of a form are filled with."""
    return flow["description_placeholders"] or {}


def suggested(flow: SubentryFlowResult, field: str) -> Any:
    assert flow["data_schema"] is not None
    return get_schema_suggested_value(flow["data_schema"].schema, field)


def pem(*, days: int = 30, secret: bytes | None = None) -> tuple[str, str]:
    """A certificate that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Garage")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, SHA256())
    )
    sealed = NoEncryption() if secret is None else BestAvailableEncryption(secret)
    return (
        certificate.public_bytes(Encoding.PEM).decode(),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed).decode(),
    )
