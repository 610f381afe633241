"""A reference holder: a phone or fob that charges with a key, and the air that it is heard in."""
