"""Journal entries as the ERP announces them; `contracts.kinds.announced` says what they are made of."""

from chassis.announced import Announced
from contracts.kinds import announced

JOURNAL_ENTRY = Announced(announced.JOURNAL_ENTRY)
