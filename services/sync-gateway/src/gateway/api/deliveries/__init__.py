"""Deliveries that are not acknowledged."""
