"""A site in steps of one second, fast enough for hundreds of hours: house, meters, cars, chargers and fuses."""
