"""Who may draw how much: values in, values out; no clock, no waiting, no devices."""
