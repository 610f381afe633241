"""A reference holder of the Bluetooth protocol: what a phone app or a key fob does, without the radio.

Written from docs/ble-protocol.md alone; it shares no code with the site's side, so that the two check each other.
"""
