"""The records that both services declare and serve, found in the wiring: a new record is tested by declaring it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from chassis.service import Service
from crm.wiring import IMPORTS as CRM_IMPORTS
from crm.wiring import SERVICE as CRM
from erp.wiring import IMPORTS as ERP_IMPORTS
from erp.wiring import SERVICE as ERP
from importing import Target
from records import Record, RecordRouter
from records.record import Verb


@dataclass(frozen=True, eq=False)
class Subject:
    """One record of one service. `target` is what its files are imported into."""

    service: Service
    record: Record[Any, Any, Any]
    verbs: frozenset[Verb]
    target: Target | None

    def __str__(self) -> str:
        return f"{self.service.name}-{self.record.name}"


def _declared(service: Service, imports: dict[str, Target]) -> list[Subject]:
    targets = {id(target.record): target for target in imports.values()}
    routers = [router for router in service.routers if isinstance(router, RecordRouter)]
    return [Subject(service, each.record, each.verbs, targets.get(id(each.record))) for each in routers]


SUBJECTS: Sequence[Subject] = [*_declared(CRM, CRM_IMPORTS), *_declared(ERP, ERP_IMPORTS)]
UNFILLED = {
    "erp-balance": "follows the books by a task of the worker; tested with the balances",
    **dict.fromkeys(
        [f"{service}-{name}" for service in ("crm", "erp") for name in ("webhook", "webhook_message")],
        "needs the scopes of its kinds, and events that were sent; tested with the webhooks",
    ),
    "erp-account": "every tenant has a chart of accounts from the beginning; tested with the ledger",
    "erp-period": "months follow from the journal; tested with the ledger",
    "erp-statement": "needs a bank's file; tested with the bank statements",
}
"""Records that the suite leaves out, and why. `test_subjects` keeps this exact."""


def having(*verbs: Verb, imported: bool = False, annotated: bool = False) -> pytest.MarkDecorator:
    """Run a test for each record that has these verbs; if `imported`, only for those that files are imported into, if
    `annotated`, for those that have tags, notes and a timeline.
    """
    found = [each for each in SUBJECTS if set(verbs) <= each.verbs and str(each) not in UNFILLED]
    found = [each for each in found if each.target or not imported]
    found = [each for each in found if each.record.annotated or not annotated]
    return pytest.mark.parametrize("prepared", found, indirect=True, ids=str)
