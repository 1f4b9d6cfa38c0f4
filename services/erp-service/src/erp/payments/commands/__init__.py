"""Every use case that changes payments, bank accounts and bank statements.

`entering` is what users do with payments, `booking` brings the books to it, `allocating` settles invoices, `importing`
and `deciding` deal with bank statements, `banks` with our accounts.
"""
