"""Ways to share a fuse out, each told by its rule: ours, and those that it is measured beside."""
