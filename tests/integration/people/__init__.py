"""People inside Home Assistant: cards, rules and cars."""
