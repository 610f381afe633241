"""Reader pucks: through the real ESPHome integration, and with events alone."""
