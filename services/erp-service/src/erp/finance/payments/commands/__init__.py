"""Every use case that changes payments and bank accounts.

`entering` is what users do with payments, `booking` brings the books to it, `allocating` settles invoices, `banks`
deals with our accounts.
"""
