"""What is wrong and needs somebody: repair issues, raised and taken back."""
