"""Sync gateway."""
