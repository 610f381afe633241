"""Who may charge, decided in one place with what is known inside the building."""
