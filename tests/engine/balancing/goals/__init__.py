"""Goals, each by itself."""
