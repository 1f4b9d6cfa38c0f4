"""Deals as the CRM announces them; no other system holds any."""

from chassis.announced import Announced
from contracts.kinds import announced

DEAL = Announced(announced.DEAL)
