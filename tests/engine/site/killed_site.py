"""A site in a process of its own, to be killed: prints its port and runs until then."""

import asyncio
from pathlib import Path
import sys

from custom_components.offline_evse.engine.model.clock import SystemClock
from custom_components.offline_evse.engine.model.credential import Credential
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.site.opening import open_site
from tests.engine.site.place import CONFIG


async def serve(folder: Path) -> None:
    """Serve chargers for ever."""
    site = await open_site(config=CONFIG, folder=folder, clock=SystemClock(), port=0, host="127.0.0.1")
    await site.enrol_card(Credential(id_token=IdToken("CARD"), name="Ada"))
    sys.stdout.write(f"{site.port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
