"""What a backend may ask of a line, and what comes of it."""
