"""Decisions of a person on a value, a link or a delivery. Each writes an entry of the decision log."""
