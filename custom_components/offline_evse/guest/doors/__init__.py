"""The doors on Home Assistant's web server through which guests come in."""

from .guard import FRESH, HEADERS

__all__ = ["FRESH", "HEADERS"]
