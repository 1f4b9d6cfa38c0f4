"""Finance: invoices, payments, bank statements and balances. They stand on the ledger."""
