"""What people want of charging: each goal can only lower an offer, or rank those who wait."""
