"""Backends outside the building, as Home Assistant keeps and follows them."""
