"""How stations speak: the socket, and the two versions of OCPP on it."""
