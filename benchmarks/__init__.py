"""What the product costs in time and memory, measured on its real parts. See README.md."""
