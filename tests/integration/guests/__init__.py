"""Tests of what guests, and hotels, do."""
