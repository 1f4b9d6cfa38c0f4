"""The connected systems and the hub's status."""
