"""How far every backend has been told, kept beside the entries and in step with them."""
