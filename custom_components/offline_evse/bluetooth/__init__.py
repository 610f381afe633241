"""Home Assistant's Bluetooth, turned into the engine's evidence. Imported only once the options have switched it on."""
