"""Balances: what each customer owes in each currency, what is on order, and what is left of its credit."""
