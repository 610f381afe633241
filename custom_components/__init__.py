"""Home for the custom component while it is developed and tested from this repository."""
