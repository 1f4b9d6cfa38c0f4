"""Receivables: what customers owe and pay, as the ERP books it; payments that sales hears of are registered here."""
