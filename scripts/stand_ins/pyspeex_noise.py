"""Stands in for the native noise filter of that name, which has no wheel for Python 3.14.

Home Assistant's `assist_satellite` imports it, and the list of actions that the frontend waits for cannot be made
without that component. The demo has no microphone, so nothing ever asks for a filter.
"""


class AudioProcessor:
    """The name that Home Assistant imports."""

    def __init__(self, auto_gain: float, noise_suppression: int) -> None:
        """Refuse: audio cannot be filtered without the native package."""
        raise NotImplementedError("this machine has no noise filter; install pyspeex-noise")
