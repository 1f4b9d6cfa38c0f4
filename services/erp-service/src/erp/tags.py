"""What the parts of the API are about, in reading order."""

from documentation.tags import COMMON

TAGS = {
    "customers": "Companies and people that buy, with credit limit and terms of payment. Shared with the CRM.",
    "contacts": "People at customers, and how to reach them. Shared with the CRM.",
    "products": "What is bought, stocked and sold.",
    "prices": "Price lists, prices and tax rates.",
    "inventory": "Stock by warehouse: receipts, moves, counts, reservations and back orders.",
    "orders": "Orders from entry to invoice: confirmed, held, shipped, returned; the limits of discounts.",
    "shipments": "What has left a warehouse for an order.",
    "invoices": "Invoices and credit notes with numbers without gaps, their PDF, and dunning.",
    "payments": "Money from and to customers, and the invoices that it settles.",
    "bank-accounts": "The company's accounts at banks.",
    "bank-statements": "Statements of banks as files, and what each line of them pays.",
    "receivables": "What customers owe: open items by age.",
    "balances": "What each customer owes in all, and the rest of the credit limit.",
    "ledger": "Accounts, journal entries, periods, the trial balance, and the company itself.",
    "tasks": "What is to be done. Shared with the CRM.",
    "interactions": "Calls, meetings and letters with customers. Shared with the CRM.",
    "employees": "Who works here. The ERP keeps them for both systems.",
    "teams": "Teams of employees.",
    **COMMON,
}
