"""Interactions and tasks between the systems: one history of a customer, whoever wrote it."""

from .clients import Company
from .waiting import eventually


def test_a_dunning_call_of_the_erp_stands_in_the_history_of_the_crm(company: Company) -> None:
    mine, theirs = company.customer_on_both(currency="EUR")
    maria = company.crm.create("contact", name="Maria Anders", customer_id=mine["id"])
    _, theirs_maria = company.both("contact", maria)
    called = company.erp.create(
        "interaction",
        channel="call_out",
        subject="Reminded of invoice 17",
        started_at="2026-11-27T09:30:00+01:00",
        customer_id=theirs["id"],
        contact_ids=[theirs_maria["id"]],
    )
    shown, _ = company.both("interaction", called, by=company.erp)
    assert (shown["customer_id"], shown["contact_ids"]) == (mine["id"], [maria["id"]])
    assert (shown["started_at"], shown["channel"]) == ("2026-11-27T08:30:00Z", "call_out")

    company.crm.change("interaction", shown["id"], outcome="Pays on Friday")
    eventually(lambda: company.erp.read("interaction", called["id"])["outcome"] == "Pays on Friday")


def test_a_task_that_is_done_here_and_cancelled_there_waits_for_a_person(company: Company) -> None:
    task = company.crm.create("task", subject="Send the offer", checks=[{"text": "Price"}, {"text": "Terms"}])
    _, theirs = company.both("task", task)
    assert [item["text"] for item in theirs["checks"]] == ["Price", "Terms"]
    with company.hub.paused("crm"):
        company.erp.post(f"/v1/tasks/{theirs['id']}/cancel")
        assert company.crm.post(f"/v1/tasks/{task['id']}/complete")["state"] == "done"

    [conflict] = eventually(lambda: [each for each in company.hub.conflicts() if each["group"] == "state"])
    assert {(value["origin"], value["value"]) for value in conflict["values"]} == {
        ("crm", "done"),
        ("erp", "cancelled"),
    }
    company.hub.post(f"/v1/conflicts/{conflict['id']}/resolve", {"origin": "crm"})
    eventually(lambda: company.erp.read("task", theirs["id"])["state"] == "done")


def test_items_of_one_check_list_are_ticked_in_both_systems_at_once(company: Company) -> None:
    task = company.crm.create("task", subject="Prepare the visit", checks=[{"text": "Samples"}, {"text": "Route"}])
    _, theirs = company.both("task", task)
    with company.hub.paused("crm"):
        first, second = theirs["checks"]
        company.erp.change("task", theirs["id"], checks=[first, {**second, "done": True}])
        first, second = company.crm.read("task", task["id"])["checks"]
        company.crm.change("task", task["id"], checks=[{**first, "done": True}, second])

    both = [{**first, "done": True}, {**second, "done": True}]
    company.shown_on_both("task", theirs["canonical_id"], checks=both)
    assert company.hub.conflicts() == []
