"""Sales: orders and their shipments."""
