"""How a row of a CSV file is read as a payment."""

from importing import Target

from crm.receivables import commands
from crm.receivables.events import PAYMENT
from crm.receivables.schemas import PaymentAsItIs

PAYMENTS = Target(PAYMENT, PaymentAsItIs, commands.register, commands.change, references={"customer_id": "customers"})
