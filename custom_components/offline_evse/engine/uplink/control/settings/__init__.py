"""The settings of a line that a backend may read and set."""
