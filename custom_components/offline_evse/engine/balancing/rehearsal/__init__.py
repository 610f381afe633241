"""Plays a site's own tree through, with the balancing that is to run it, before it is trusted with real fuses."""
