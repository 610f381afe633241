"""Sixty sessions, and backends that are cut off all the time: each is there once, exactly, or waits for a person."""

from pathlib import Path

import pytest

from .backend_cuts import Scale, Storming


@pytest.mark.timeout(240)
async def test_nothing_is_lost_and_nothing_comes_twice(tmp_path: Path) -> None:
    storming = Storming(tmp_path, Scale())
    await storming.open()
    try:
        await storming.storm()
        await storming.calm()
        result = await storming.result()
        print("\n" + "\n".join(result.lines()))  # noqa: T201 - `pytest -s` shows the counts
        assert result.sessions >= 50
        assert result.cuts["all"] >= 100
        assert result.restarts == 2
        for told in result.told.values():
            assert told.wrong == []
            assert told.faults == []
        assert result.told["two"].parked == 0
        assert await storming.settle() == sum(told.parked for told in result.told.values())
        await storming.calm()
        for name, told in (await storming.result()).told.items():
            assert (name, told.parked, told.wrong) == (name, 0, [])
    finally:
        await storming.close()
