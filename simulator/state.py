"""The true state of a site as JSON, for whoever wants to compare it with what he believes."""

from typing import Any

from .physics.fuse import Fuse
from .physics.phases import PerPhase
from .simulator import Simulator
from .station.charging_point import ChargingPoint
from .station.messages import Transaction
from .station.readings import stamp
from .station.station import Station


def snapshot(simulator: Simulator) -> dict[str, Any]:
    """Return everything. Currents in A per building phase, powers in W, energies in Wh, times in UTC."""
    site = simulator.site
    return {
        "name": simulator.description.name,
        "seed": simulator.seed,
        "now": stamp(simulator.clock.now()),
        "elapsed_s": round(site.elapsed_s, 3),
        "currents_a": _phases(site.currents_a[site.main]),
        "power_w": _phases(site.active_w),
        "voltages_v": _phases(site.voltages_v),
        "imported_wh": round(site.imported_wh, 3),
        "fuses": {name: _fuse(fuse, site.currents_a[name]) for name, fuse in site.fuses.items()},
        "house": {"currents_a": _phases(simulator.house.currents_a), "appliances": simulator.house.appliances},
        "meter": {"telegrams": simulator.meter.published, "clients": simulator.meter.clients},
        "chargers": {identity: _station(simulator, station) for identity, station in simulator.stations.items()},
        "transactions": [
            {"charger": identity, **_transaction(transaction)}
            for identity, station in simulator.stations.items()
            for point in station.points.values()
            for transaction in point.history
        ],
        "cars": {
            name: {
                "soc": round(car.soc, 4),
                "stored_wh": round(car.stored_wh, 1),
                "current_a": round(car.current_a, 2),
                "at": next((place for place, evse in site.evses.items() if evse.car is car), None),
                "asleep": car.asleep,
                "contactor_changes": car.contactor_changes,
            }
            for name, car in simulator.cars.items()
        },
    }


def _station(simulator: Simulator, station: Station) -> dict[str, Any]:
    link = simulator.links.get(station.model.identity)
    return {
        "version": station.model.version,
        "vendor": station.model.vendor,
        "model": station.model.model,
        "serial": station.model.serial,
        "powered": station.powered,
        "connected": link is not None and link.connected,
        "accepted": station.online,
        "registered": station.registered,
        "dials": link.dials if link else 0,
        "refusal": link.refusal if link else None,
        "queue": len(station.outbox),
        "queue_durable": station.outbox.durable,
        "given_up": station.given_up,
        "clock_skew_s": station.clock_skew_s,
        "connectors": {str(number): _point(station, point) for number, point in station.points.items()},
    }


def _point(station: Station, point: ChargingPoint) -> dict[str, Any]:
    evse = point.evse
    return {
        "status": point.state.value,
        "operative": point.operative,
        "car": evse.car.name if evse.car else None,
        "limit_a": round(evse.limit_a, 2),
        "pilot_a": round(evse.pilot_a, 2),
        "terminals_a": [round(a, 3) for a in evse.terminals_a],
        "currents_a": _phases(evse.building_a()),
        "power_w": round(evse.power_w, 1),
        "register_wh": evse.register_wh,
        "transaction": _transaction(point.transaction) if point.transaction else None,
        "profiles": [
            {"purpose": p.purpose.value, "id": p.profile_id, "stack_level": p.stack_level, "kind": p.kind.value}
            for place in (0, point.evse_id)
            for p in station.profiles.held[place]
        ],
    }


def _transaction(transaction: Transaction) -> dict[str, Any]:
    return {
        "connector": transaction.evse_id,
        "id": transaction.central_id,
        "local_id": transaction.local_id,
        "tag": transaction.tag,
        "status": transaction.status,
        "started_at": stamp(transaction.started_at),
        "start_wh": transaction.start_wh,
        "ended_at": stamp(transaction.ended_at) if transaction.ended_at else None,
        "stop_wh": transaction.stop_wh,
        "stop_reason": transaction.stop_reason,
        "offline": transaction.offline,
    }


def _fuse(fuse: Fuse, currents_a: PerPhase) -> dict[str, Any]:
    return {
        "rating_a": fuse.rating_a,
        "currents_a": _phases(currents_a),
        "theta": [round(theta, 4) for theta in fuse.theta],
        "theta_max": round(fuse.theta_max, 4),
        "tripped": fuse.tripped,
        "longest_over_current_s": fuse.longest_s,
        "over_current_s": fuse.over_current_s,
        "avoidable_over_current_s": fuse.avoidable_s,
        "excess_a2s": round(fuse.excess_a2s, 1),
        "peak_a": _phases(fuse.peak_a),
    }


def _phases(values: PerPhase) -> list[float]:
    return [round(value, 3) for value in values]
