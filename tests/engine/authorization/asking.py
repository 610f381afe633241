"""Somebody who asks to charge, in a few words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from custom_components.offline_evse.engine.authorization.authorizer import Authorizer
from custom_components.offline_evse.engine.authorization.backend_cache import BackendCache, CachedAnswer
from custom_components.offline_evse.engine.authorization.credential_list import CredentialList
from custom_components.offline_evse.engine.authorization.presentation import Presentation
from custom_components.offline_evse.engine.authorization.remote_starts import PATIENCE, RemoteStarts
from custom_components.offline_evse.engine.model.access import AccessConfig, BackendAnswer
from custom_components.offline_evse.engine.model.credential import Credential
from custom_components.offline_evse.engine.model.id_token import IdToken
from tests.engine.clock import NOON

TAG = IdToken("5174A6C0")
CARD = IdToken("04A2B3")
LATER = NOON + PATIENCE + timedelta(minutes=1)
"""Past the first minutes after a restart, in which the site's own tag is honoured everywhere."""
SUBJECT = "subject"


def presented(number: IdToken = CARD, at: datetime = LATER, **more: Any) -> Presentation:
    """Present something at bay 1."""
    return replace(Presentation(id_token=number, station_id="bay-1", at=at, subject=SUBJECT), **more)


def card(number: str = "04A2B3", name: str = "Ada", **more: Any) -> Credential:
    """Enrol a card."""
    return Credential(id_token=IdToken(number), name=name, **more)


def authorizer_of(
    *credentials: Credential, config: AccessConfig | None = None, zone: tzinfo = UTC, **answer: Any
) -> Authorizer:
    """Give an authorizer; `answer` is what a backend said, with `age_s`."""
    cache = BackendCache()
    if answer:
        age = timedelta(seconds=answer.pop("age_s"))
        cache.keep(SUBJECT, CachedAnswer(BackendAnswer(**answer), LATER - age))
    settings = config or AccessConfig()
    return Authorizer(CredentialList(credentials), RemoteStarts(TAG, NOON), cache, lambda: settings, lambda: zone)
