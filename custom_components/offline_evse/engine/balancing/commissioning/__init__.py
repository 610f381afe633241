"""Finds out from steps of cars and meters whether a site is wired as it is set up."""
