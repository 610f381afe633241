"""Actions that are more than a call of the site."""
