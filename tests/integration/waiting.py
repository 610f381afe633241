"""Waiting for Home Assistant to show something, with an end to the patience."""

import asyncio
from collections.abc import Callable

from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers.event import async_track_state_change_event

from custom_components.offline_evse.engine.site.state import Listened

PATIENCE_S = 10.0


async def state_when(hass: HomeAssistant, entity_id: str, test: Callable[[State], bool]) -> State:
    """Wait until the state of an entity passes the test, and return it."""
    found: asyncio.Future[State] = asyncio.get_running_loop().create_future()

    @callback
    def look(state: State | None) -> None:
        if state is not None and not found.done() and test(state):
            found.set_result(state)

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        look(event.data["new_state"])

    stop = async_track_state_change_event(hass, entity_id, changed)
    try:
        look(hass.states.get(entity_id))
        async with asyncio.timeout(PATIENCE_S):
            return await found
    except TimeoutError:
        raise AssertionError(f"{entity_id} stayed {hass.states.get(entity_id)}") from None
    finally:
        stop()


async def state_is(hass: HomeAssistant, entity_id: str, value: str) -> State:
    """Wait until the state of an entity is `value`, and return it."""
    return await state_when(hass, entity_id, lambda state: state.state == value)


async def until(state: Listened, test: Callable[[], bool]) -> None:
    """Wait until something of the engine's live state passes the test."""
    passed = asyncio.Event()

    def look() -> None:
        if test():
            passed.set()

    stop = state.listen(look)
    try:
        look()
        async with asyncio.timeout(PATIENCE_S):
            await passed.wait()
    finally:
        stop()
