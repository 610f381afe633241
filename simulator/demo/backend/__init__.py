"""The backend of the demo site: its process, the line to it, the switches for both, and what a check does with them."""
