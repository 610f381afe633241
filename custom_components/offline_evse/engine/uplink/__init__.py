"""Backends follow: links with four states, OCPP upstream, and a book of who has been told what."""
