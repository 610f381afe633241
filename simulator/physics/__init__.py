"""The physics of a site: pure, stepped in time, repeatable from one seed. Knows nothing of sockets or OCPP."""
