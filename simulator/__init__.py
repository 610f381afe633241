"""A virtual charging site: cars, chargers, a house and its meter, over real sockets or headless on a virtual clock."""
