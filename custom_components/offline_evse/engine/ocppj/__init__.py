"""OCPP over WebSocket as such: frames and schemas, whichever end of the line one is on."""
