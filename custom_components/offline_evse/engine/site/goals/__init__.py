"""Brings what people want to the steering: modes, sun, prices, departures and peaks."""
