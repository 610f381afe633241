"""What a grid operator may ask for: formulae, and how one line of it goes on. Pure."""
