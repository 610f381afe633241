"""Tests of a line's state and pace."""
