"""Whom the site believes: keys, tokens, what was revoked, and whether the time can be relied on."""
