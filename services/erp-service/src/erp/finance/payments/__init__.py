"""Payments: money that arrives and leaves by bank account, and what it settles."""
