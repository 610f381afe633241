"""Tables of what entities show."""
