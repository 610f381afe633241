"""A whole site in one process without waiting: time that jumps, and a network that is memory."""
