"""Golden records and links."""
