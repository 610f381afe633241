"""Tests of backends, as Home Assistant sets them up, shows them and asks people about them."""
