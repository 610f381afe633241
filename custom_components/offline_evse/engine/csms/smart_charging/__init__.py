"""Limits for chargers: profiles, the shapes that a charger takes, and its clock."""
