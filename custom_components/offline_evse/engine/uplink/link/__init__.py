"""How well a line works, and when it may say what: pure, with the time in every call."""
