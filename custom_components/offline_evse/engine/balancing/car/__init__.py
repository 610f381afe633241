"""What is known of the car at an EVSE, and what is done about it."""
