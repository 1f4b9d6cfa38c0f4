"""Correction of links and deliveries by a steward."""
