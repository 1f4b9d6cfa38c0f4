"""Delivery: level-triggered. What a spoke is missing is derived from what it has acknowledged, never queued."""
