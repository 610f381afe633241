"""Entities of the house, turned into what the engine understands."""
