"""Payments: money that arrives and leaves by bank account, what it settles, and the statements of the bank."""
