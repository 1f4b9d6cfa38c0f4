"""Lines, charges, taxes and totals of any document: quotes, orders, invoices, credit notes.

`amounts` calculates, `columns` and `schemas` say what every line and document has, `charges` and `pricing` bring what
was written into the form that is stored, `discounts` limits what may be given away.
"""
