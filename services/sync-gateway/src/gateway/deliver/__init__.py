"""Delivery. What a spoke is missing is derived from its acknowledgements, never queued."""
