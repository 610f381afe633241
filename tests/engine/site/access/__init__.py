"""Who gets in, what they may have and how it ends, through the doors that chargers and people use."""
