"""The building's smart meter: telegrams of its customer port, and a network adapter that passes them on."""
