"""What backends may ask of a line."""
