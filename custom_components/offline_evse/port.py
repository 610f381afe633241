"""Whether the site can listen on a port, and why not."""

import asyncio
import os


def bind_reason(err: OSError) -> str:
    """Tell in a few words why a port cannot be listened on; asyncio's own words are a paragraph."""
    return os.strerror(err.errno) if err.errno else str(err)


async def bind_error(port: int, host: str | None) -> OSError | None:
    """Try to listen as the site will; returns what stands against it."""

    async def nobody(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    try:
        server = await asyncio.start_server(nobody, host or None, port)
    except OSError as err:
        return err
    server.close()
    await server.wait_closed()
    return None
