"""Setting up backends, and settling what they cannot be told."""
