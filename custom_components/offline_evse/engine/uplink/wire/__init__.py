"""The wire to a backend: how it is dialled, one CALL at a time, and what is said in each OCPP version."""
