"""The site and its backends."""
