"""Dialling backends and talking to them over real sockets."""
