"""Deals as the CRM announces them; no other system holds deals."""

from chassis.announced import Announced
from contracts.kinds import announced

DEAL = Announced(announced.DEAL)
