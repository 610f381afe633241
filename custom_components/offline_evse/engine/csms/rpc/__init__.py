"""OCPP-J: frames, calls and the life of one socket."""
