"""Sales: deals, quotes and orders."""
