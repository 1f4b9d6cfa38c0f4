"""The columns and answers of products, price lists, prices and tax rates that CRM and ERP share.

Keys, indexes and rules of a service are declared by the service: it adds them to these columns.
"""
