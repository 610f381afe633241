"""Why an offer is no higher, and what would have to be there for it."""
