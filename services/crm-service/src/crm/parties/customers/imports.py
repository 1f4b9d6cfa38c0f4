"""What is imported into customers."""

from importing import Target
from party.cells import CELLS

from crm.parties.customers.records import CUSTOMERS

IMPORTS = Target.of(CUSTOMERS, cells=CELLS)
