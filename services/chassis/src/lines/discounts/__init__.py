"""Limits on discounts by role: declared, read and checked alike wherever lines are entered."""
