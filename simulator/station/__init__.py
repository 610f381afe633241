"""Charging stations: what their controllers do, whatever OCPP version they speak."""
