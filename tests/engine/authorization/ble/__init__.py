"""Keys, buttons and phones over Bluetooth, without a radio."""
