"""Charging profiles of a backend: what they say, what they come to, and the limits that follow."""
