"""Whether the ledger says of every session what the charger's own meter says, once."""

from collections import Counter

from custom_components.offline_evse.engine.model.transaction import Transaction

from .closed_loop import ClosedLoop


def assert_books(loop: ClosedLoop, transactions: list[Transaction], *, sessions: int) -> None:
    """Compare ledger and chargers after all cars have gone: none lost, none twice, every Wh in its place."""
    lived = [
        (station_id, str(session.central_id), session.evse_id, (session.stop_wh or 0) - session.start_wh)
        for (station_id, _), point in loop.points()
        for session in point.history
    ]
    written = [(entry.station_id, entry.transaction_id, entry.evse_id, entry.energy_wh) for entry in transactions]
    assert Counter(written) == Counter(lived)
    assert len(lived) == sessions
    assert not [entry for entry in transactions if entry.is_open]
    assert len({entry.session_id for entry in transactions}) == sessions
    assert sum(entry.energy_wh for entry in transactions) <= loop.delivered_wh
