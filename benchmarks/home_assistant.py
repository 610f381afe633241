"""How long one MeterValues keeps Home Assistant's event loop busy.

A real Home Assistant core runs the integration with every entity enabled, also those that are disabled by default. One
charger with a running transaction sends from a process of its own, each message as soon as the last one is answered,
which is after the ledger has it. Power, currents and voltages change with every message; the energy register moves as
the power says, which is slowly at this speed.

Counted is the CPU time of the thread that runs the event loop, with everything that happens in it: reading, answering,
balancing, writing states, and Home Assistant's own work on each state written.
"""

import argparse
import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
import time

from homeassistant.const import CONF_HOST, CONF_PORT, EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.model.credential import Credential
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.home import fuse, wall_charger
from tests.integration.wallbox import dial

from .chargers import connect
from .report import print_table

_STATION = "CP000"
_CARD = "0123ABCD"
_CHANGED = 8
"""States that every message changes: power, and current and voltage of each phase, and the power of the site."""
_INTERVAL_S = 0.002
"""Between the timestamps of messages: about as fast as they are answered, so that all of them are of now."""


async def _set_up(hass: HomeAssistant) -> tuple[MockConfigEntry, int]:
    """Open a site with one charger that charges; returns its entry and the transaction, with all entities enabled."""
    hass.data.pop(DATA_CUSTOM_COMPONENTS)
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Home",
        data={CONF_PORT: 0, CONF_HOST: "127.0.0.1"},
        subentries_data=[fuse("main", "Main fuse", fuse_a=25.0), wall_charger(_STATION, "Garage")],
    )
    entry.add_to_hass(hass)
    if not await hass.config_entries.async_setup(entry.entry_id):
        raise RuntimeError("The site could not be opened")
    await hass.async_block_till_done()
    site: Site = entry.runtime_data.site
    await site.enrol_card(Credential(id_token=IdToken(_CARD), name="Alex"))
    async with dial(site.port, _STATION) as wallbox:
        await wallbox.boot()
        await wallbox.status("Preparing")
        transaction_id = await wallbox.start(_CARD, meter_wh=1_000_000, ago_s=86_400)
        await wallbox.status("Charging")
        await hass.async_block_till_done()
    registry = er.async_get(hass)
    for known in er.async_entries_for_config_entry(registry, entry.entry_id):
        registry.async_update_entity(known.entity_id, disabled_by=None)
    if not await hass.config_entries.async_reload(entry.entry_id):
        raise RuntimeError("The site could not be opened again")
    await hass.async_block_till_done()
    return entry, transaction_id


async def _measure(messages: int) -> tuple[str, ...]:
    with TemporaryDirectory() as folder:
        async with async_test_home_assistant(config_dir=folder) as hass:
            (Path(folder) / ".storage").mkdir(exist_ok=True)
            entry, transaction_id = await _set_up(hass)
            site: Site = entry.runtime_data.site
            written = 0

            @callback
            def count(_: Event[EventStateChangedData]) -> None:
                nonlocal written
                written += 1

            async with connect(site.port, 1, messages, transaction_id, _INTERVAL_S) as chargers:
                # The onboarding of the charger is not what is asked for.
                await asyncio.sleep(10)
                stop = hass.bus.async_listen(EVENT_STATE_CHANGED, count)
                started_s, cpu_s = time.perf_counter(), time.thread_time()
                chargers.send()
                await chargers.done()
                cpu_s, took_s = time.thread_time() - cpu_s, time.perf_counter() - started_s
                stop()
                states = [state for state in hass.states.async_all() if state.state != "unavailable"]
                entities = len(er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id))
            await hass.async_stop(force=True)
    if written < _CHANGED * messages:
        raise RuntimeError(f"Only {written} states were written for {messages} messages")
    return (
        str(entities),
        str(len(states)),
        f"{written / messages:.1f}",
        f"{cpu_s / messages * 1e3:.3f}",
        f"{messages / took_s:,.0f}",
    )


def main() -> None:
    """Measure several times, and print every run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rows = [asyncio.run(_measure(options.messages)) for _ in range(options.rounds)]
    columns = ("entities", "states", "states written/message", "event loop ms/message", "messages/s as run")
    print_table("One MeterValues inside Home Assistant, ledger commit included", columns, rows)


if __name__ == "__main__":
    main()
