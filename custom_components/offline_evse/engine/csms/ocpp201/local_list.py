"""Entries of a station's list of cards in OCPP 2.x."""

from ocpp.v201.datatypes import AuthorizationData, IdTokenInfoType, IdTokenType
from ocpp.v201.enums import AuthorizationStatusEnumType, IdTokenEnumType

from ...model.local_list import LocalListEntry
from ..payloads.wire_names import wire_time
from .edition import Edition


def list_entry(entry: LocalListEntry, edition: Edition) -> AuthorizationData:
    """Write an entry; one without an idTokenInfo is taken out of the list."""
    token = IdTokenType(
        id_token=entry.id_token.value[: edition.longest_id_token], type=IdTokenEnumType(entry.id_token.type.value)
    )
    if not entry.accepted:
        return AuthorizationData(id_token=token)
    group = None
    if entry.group:
        group = IdTokenType(id_token=entry.group[: edition.longest_id_token], type=IdTokenEnumType.central)
    info = IdTokenInfoType(
        status=AuthorizationStatusEnumType.accepted,
        cache_expiry_date_time=wire_time(entry.expires_at) if entry.expires_at else None,
        group_id_token=group,
    )
    return AuthorizationData(id_token=token, id_token_info=info)
