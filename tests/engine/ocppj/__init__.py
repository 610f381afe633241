"""OCPP over WebSocket as such."""
