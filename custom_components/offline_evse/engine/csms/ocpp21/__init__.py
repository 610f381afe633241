"""OCPP 2.1: what it has beyond 2.0.1."""
