"""What both OCPP versions need to read and write payloads."""
