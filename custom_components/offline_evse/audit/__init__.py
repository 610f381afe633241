"""The check list as Home Assistant tells it, with what only Home Assistant knows."""
