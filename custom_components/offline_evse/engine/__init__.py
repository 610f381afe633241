"""The charging site itself. Knows nothing of Home Assistant: it is given a clock, a disk and sockets."""
