"""Keys, buttons and phones over Bluetooth, as bytes: no radio, nothing to wait for, time and chance handed in.

docs/ble-protocol.md says what goes over the air, and what it is good for.
"""
