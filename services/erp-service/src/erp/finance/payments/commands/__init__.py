"""Every use case that changes payments.

`entering` is what users do with them, `booking` brings the books to it, `allocating` settles invoices.
"""
