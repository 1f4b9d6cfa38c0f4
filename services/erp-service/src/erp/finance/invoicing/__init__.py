"""Invoicing: what customers are billed for what was shipped, what is credited, what is open, and who is reminded."""
