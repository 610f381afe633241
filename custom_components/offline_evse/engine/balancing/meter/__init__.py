"""What meters say, and how much is free by that."""
