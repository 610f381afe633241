"""The last line before a fuse trips."""
