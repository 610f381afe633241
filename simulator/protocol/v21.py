"""A station in the words of OCPP 2.1: those of 2.0.1, by the schemas of 2.1."""

from .library import v21
from .v201 import StationV201

SUBPROTOCOL = "ocpp2.1"


class StationV21(StationV201):
    """One connection of a station that speaks 2.1."""

    _call = v21.call
    _call_result = v21.call_result
    _ocpp_version = "2.1"
