"""The integration inside a real Home Assistant, with real chargers on real sockets."""
