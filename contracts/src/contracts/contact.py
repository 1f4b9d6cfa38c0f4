"""Values of the groups of a contact: a contact person at a customer."""

from pydantic import StrictBool

from contracts.text import NameText
from contracts.values import Value

PersonName = NameText
"""1 to 200 characters, in the order in which the person writes it."""


class Consent(Value):
    """What the person has agreed to receive; a missing value is no consent."""

    email: StrictBool = False
    sms: StrictBool = False
