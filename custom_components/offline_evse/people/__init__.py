"""People and what they charge with: how Home Assistant sets it up, lists it, and takes it in and out."""
