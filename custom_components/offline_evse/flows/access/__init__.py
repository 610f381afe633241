"""Forms about people: who may charge, their cards, and cars that are recognised."""
