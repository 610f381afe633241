"""Frozen values that the rooms of the engine exchange. OCPP 2.x words; older versions are mapped at the codec."""
