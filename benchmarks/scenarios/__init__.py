"""What the balancing has to live through: sites, cars, houses, and everything that goes wrong."""
