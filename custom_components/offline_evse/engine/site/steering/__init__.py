"""From the meter to the chargers: what each EVSE would have, what it is to have, and how it is told."""
