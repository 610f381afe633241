"""What a run is worth: its figures, the optimum that nobody can beat, and how both are shown."""
