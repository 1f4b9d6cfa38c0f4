"""Finance: invoices, payments, bank statements and balances. They stand on the ledger."""

from erp.finance import balances, bank_statements, invoicing, payments

MODULES = (invoicing.MODULE, payments.MODULE, bank_statements.MODULE, balances.MODULE)
