"""Where the site and its backends meet: what they may know, what they may want, and whose word counts."""
