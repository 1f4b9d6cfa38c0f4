"""Commands that change payments.

`entering` contains the users' commands, `booking` posts to the ledger, `allocating` settles invoices.
"""
