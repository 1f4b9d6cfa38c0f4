"""The stage of a customer, which both systems change. By example."""

import pytest
from gateway.kinds import KINDS
from gateway.merge.policy import Json

from .factories import Record, event

CUSTOMER = KINDS["customer"]


def staged(crm: Json, erp: Json, ctx: int = 1, before: str = "prospect") -> Record:
    record = Record(CUSTOMER)
    record.merge(event("crm", 1, ("name", None, "Alfreds", 0), ("stage", None, before, 0)))
    record.merge(event("crm", 2, ("stage", before, crm, ctx)), event("erp", 1, ("stage", before, erp, ctx)))
    return record


@pytest.mark.parametrize(
    ("crm", "erp", "joined"),
    [
        ("customer", "customer", "customer"),
        ("prospect", "customer", "customer"),
        ("former", "prospect", "former"),
        ("prospect", None, "customer"),
    ],
)
def test_the_later_stage_is_kept_wherever_it_was_set(crm: str, erp: str | None, joined: str) -> None:
    for record in (staged(crm, erp), staged(erp, crm)):
        assert (record.value("stage") or "customer") == joined
        assert not record.registers["stage"].parked


def test_a_customer_here_and_a_former_one_there_wait_for_a_person() -> None:
    assert staged("customer", "former").registers["stage"].parked
    assert staged("former", "customer").registers["stage"].parked


def test_who_has_seen_that_a_customer_left_may_win_it_back() -> None:
    record = Record(CUSTOMER)
    record.merge(event("erp", 1, ("name", None, "Alfreds", 0), ("stage", None, "former", 0)))
    record.merge(event("crm", 1, ("stage", "former", "customer", 1)))
    assert (record.value("stage"), record.registers["stage"].parked) == ("customer", False)


def test_a_first_stage_is_no_conflict_with_events_from_before_there_were_stages() -> None:
    record = Record(CUSTOMER)
    record.merge(event("erp", 1, ("name", None, "Alfreds", 0)), event("crm", 1, ("name", None, "Alfreds", 0)))
    record.merge(event("crm", 2, ("stage", "customer", "former", 0)))
    assert (record.value("stage"), record.registers["stage"].parked) == ("former", False)
