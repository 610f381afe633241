"""The fuses, and all other limits, as rows."""
