"""Possible sales: deals and their pipelines."""
