"""Guests: their passes in Home Assistant, the page on their phones, and what a hotel's own system says of them."""
