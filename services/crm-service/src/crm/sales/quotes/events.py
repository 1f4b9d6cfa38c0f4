"""Quotes as the CRM announces them; no other system holds quotes."""

from chassis.announced import Announced
from contracts.kinds import announced

QUOTE = Announced(announced.QUOTE)
