"""OCPP 2.1 as spoken with one station over one connection."""

from typing import ClassVar

from ...model.station import OcppVersion
from ..ocpp201.codec import Ocpp201Codec
from ..ocpp201.edition import Edition
from .edition import OCPP_21


class Ocpp21Codec(Ocpp201Codec):
    """OCPP 2.0.1 with what 2.1 has in addition."""

    version = OcppVersion.V21
    edition: ClassVar[Edition] = OCPP_21
