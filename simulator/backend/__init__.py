"""A backend outside the building: a central system that forgives nothing, and a line to it that can be cut anywhere."""
