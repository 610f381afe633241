"""Backends outside the building: their set-up, what goes up and comes down, and how far they have been told."""
