"""A whole site to click on: a real Home Assistant, the integration, and the simulated chargers, house and meter."""
