"""Sharing out what there is, and who comes first where it is not enough."""
