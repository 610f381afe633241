"""What can be told from advertisements alone: who it is, which charger is nearest, and that a button was pressed."""
