"""ESPHome nodes that are not there: they speak the native API on loopback, as Home Assistant expects it."""
