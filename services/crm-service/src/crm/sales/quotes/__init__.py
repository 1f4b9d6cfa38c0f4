"""Quotes: what a customer is offered, in versions, until it becomes an order."""
