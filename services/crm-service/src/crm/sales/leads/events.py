"""Leads as the CRM announces them; no other system holds leads."""

from chassis.announced import Announced
from contracts.kinds import announced

LEAD = Announced(announced.LEAD)
