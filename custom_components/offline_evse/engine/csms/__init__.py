"""The central system: sockets, OCPP and its versions. Everything that leaves this room is a value of the model."""
