"""Stands in for the native voice detector of that name, which has no wheel for Python 3.14.

Home Assistant's `assist_satellite` imports it, and the list of actions that the frontend waits for cannot be made
without that component. The demo has no microphone, so nothing ever asks for a detector.
"""


class MicroVad:
    """The name that Home Assistant imports."""

    def __init__(self) -> None:
        """Refuse: audio cannot be judged without the native package."""
        raise NotImplementedError("this machine has no voice detector; install pymicro-vad")
