"""Reports as chargers of both versions send them, with one line each."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.meter import EvseSample, ReadingContext
from custom_components.offline_evse.engine.model.transaction import TransactionEventType, TransactionReport
from tests.engine.clock import NOON

CARD = IdToken("04A2B3C4D5")
GARBAGE_TIME = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def at(minutes: float) -> datetime:
    """The moment so many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def sample(
    minutes: float, wh: int | None, context: ReadingContext = ReadingContext.SAMPLE_PERIODIC, **more: object
) -> EvseSample:
    timestamp = more.pop("timestamp", None) or at(minutes)
    return EvseSample(timestamp=timestamp, context=context, energy_import_wh=wh, **more)  # type: ignore[arg-type]


def report(
    event_type: TransactionEventType,
    minutes: float,
    *,
    wh: int | None = None,
    transaction_id: str | None = None,
    evse: int | None = 1,
    station: str = "garage",
    card: IdToken | None = None,
    timestamp: datetime | None = None,
    received: float | None = None,
    samples: Iterable[EvseSample] = (),
    **more: object,
) -> TransactionReport:
    """A report of minute `minutes`, received then unless `received` says otherwise."""
    return TransactionReport(
        station_id=station,
        event_type=event_type,
        received_at=at(minutes if received is None else received),
        timestamp=timestamp or at(minutes),
        transaction_id=transaction_id,
        evse_id=evse,
        register_wh=wh,
        id_token=card,
        samples=tuple(samples),
        **more,  # type: ignore[arg-type]
    )


def start(minutes: float, wh: int | None, **more: object) -> TransactionReport:
    """A 1.6 StartTransaction, or a Started of 2.x if it has an id."""
    more.setdefault("card", CARD)
    return report(TransactionEventType.STARTED, minutes, wh=wh, **more)  # type: ignore[arg-type]


def update(minutes: float, wh: int | None, transaction_id: str | None, **more: object) -> TransactionReport:
    """MeterValues of a transaction with one register."""
    taken = sample(minutes, wh, timestamp=more.get("timestamp"))
    return report(TransactionEventType.UPDATED, minutes, transaction_id=transaction_id, samples=(taken,), **more)  # type: ignore[arg-type]


def stop(minutes: float, wh: int | None, transaction_id: str | None, **more: object) -> TransactionReport:
    """A StopTransaction, or an Ended of 2.x."""
    more.setdefault("stop_reason", "Local")
    return report(TransactionEventType.ENDED, minutes, wh=wh, transaction_id=transaction_id, **more)  # type: ignore[arg-type]
