"""What a backend is to be told of a charger, message by message: nothing lost, nothing twice."""
