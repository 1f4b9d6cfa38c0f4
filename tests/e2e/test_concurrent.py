"""Both sides edit before either has seen the other: what wins, what waits for a person, what comes back."""

from functools import partial
from uuid import UUID

from chassis.db import create_engine, session_factory, transaction
from chassis.replication import edit
from crm.parties.customers.events import CUSTOMER
from crm.parties.customers.records import CUSTOMERS
from records import reads
from stack.services import Stack

from .clients import Body, Company, Office, Refused
from .equality import equal
from .waiting import eventually


def one_decision(company: Company, canonical_id: str, group: str) -> Body:
    """The only decision about the group, as soon as it stands in the log."""
    [decision] = eventually(lambda: company.hub.decisions(canonical_id, group))
    return decision


def outcomes(decision: Body) -> dict[str, tuple[object, str]]:
    """What became of the value of each origin."""
    return {each["origin"]: (each["value"], each["outcome"]) for each in decision["values"]}


def test_different_groups_edited_on_both_sides_at_once_are_both_kept(company: Company) -> None:
    mine, theirs = company.customer_on_both(phone="030-1111111", email="old@alfreds.example")
    with company.hub.paused("crm", "erp"):
        company.crm.change("customer", mine["id"], phone="030-2222222")
        company.erp.change("customer", theirs["id"], email="new@alfreds.example")
    company.shown_on_both("customer", mine["canonical_id"], phone="030-2222222", email="new@alfreds.example")
    assert company.hub.decisions(mine["canonical_id"]) == []
    assert equal(company) == 1


def test_the_same_group_edited_while_one_side_is_stopped_is_decided_and_can_be_restored(
    stack: Stack, company: Company
) -> None:
    mine, theirs = company.customer_on_both(phone="030-1111111")

    def phone() -> Body:
        group: Body = company.hub.record("customer", mine["canonical_id"])["groups"]["phone"]
        return group

    before = phone()["rev"]
    stack.stop("erp-worker")
    company.erp.change("customer", theirs["id"], phone="030-3333333")
    company.crm.change("customer", mine["id"], phone="030-2222222")
    eventually(lambda: phone()["rev"] > before)
    assert company.erp.read("customer", theirs["id"])["phone"] == "030-3333333", "overwritten before the hub decided"
    stack.start("erp-worker")
    company.shown_on_both("customer", mine["canonical_id"], phone="030-2222222")

    decision = one_decision(company, mine["canonical_id"], "phone")
    assert (decision["rule"], decision["winner"], decision["state"]) == ("newest", "crm", "decided")
    assert outcomes(decision) == {"crm": ("030-2222222", "kept"), "erp": ("030-3333333", "lost")}
    assert {each["actor"] for each in decision["values"]} == {"ann"}

    company.hub.post(f"/v1/decisions/{decision['id']}/restore")
    company.shown_on_both("customer", mine["canonical_id"], phone="030-3333333")
    assert equal(company) == 1


def test_the_crm_is_preferred_for_the_account_manager_whoever_wrote_last(company: Company) -> None:
    jonas, petra = company.employee_on_both("Jonas"), company.employee_on_both("Petra")
    mine, theirs = company.customer_on_both()
    with company.hub.paused("crm", "erp"):
        company.crm.change("customer", mine["id"], owner_id=jonas[0]["id"])
        company.erp.change("customer", theirs["id"], owner_id=petra[1]["id"])
    decision = eventually(lambda: one_decision(company, mine["canonical_id"], "owner_employee"))
    assert (decision["rule"], decision["winner"]) == ("prefer:crm", "crm")
    assert outcomes(decision)["erp"] == ({"kind": "employee", "canonical_id": petra[1]["canonical_id"]}, "lost")
    mine, theirs = company.both("customer", mine)
    assert (mine["owner_id"], theirs["owner_id"]) == (jonas[0]["id"], jonas[1]["id"])


def test_an_edit_made_after_seeing_the_value_wins_without_a_decision(company: Company) -> None:
    mine, theirs = company.customer_on_both(segment="food")
    company.crm.change("customer", mine["id"], segment="drinks")
    company.shown_on_both("customer", mine["canonical_id"], segment="drinks")
    company.erp.change("customer", theirs["id"], segment="toys")
    company.shown_on_both("customer", mine["canonical_id"], segment="toys")
    assert company.hub.decisions(mine["canonical_id"]) == []


def test_notes_edited_on_both_sides_are_parked_until_a_person_resolves_them(company: Company) -> None:
    mine, theirs = company.customer_on_both(notes="Call first.")
    with company.hub.paused("crm", "erp"):
        company.crm.change("customer", mine["id"], notes="Call before noon.")
        company.erp.change("customer", theirs["id"], notes="Pays late.")
    [conflict] = eventually(company.hub.conflicts)
    assert (conflict["group"], conflict["state"], conflict["winner"]) == ("notes", "open", None)
    assert outcomes(conflict) == {"crm": ("Call before noon.", "kept"), "erp": ("Pays late.", "kept")}

    company.crm.change("customer", mine["id"], phone="030-2222222")
    for office, made, notes in ((company.crm, mine, "Call before noon."), (company.erp, theirs, "Pays late.")):
        shown = eventually(partial(in_conflict, office, made["id"], phone="030-2222222"))
        assert shown["notes"] == notes
        [parked] = shown["sync"]["conflicts"]
        assert (parked["group"], parked["decision"]) == ("notes", conflict["id"])
        assert company.hub.get(parked["path"])["id"] == conflict["id"]

    company.hub.post(f"/v1/conflicts/{conflict['id']}/resolve", {"value": "Call before noon. Pays late."})
    company.shown_on_both("customer", mine["canonical_id"], notes="Call before noon. Pays late.")
    assert company.hub.conflicts() == []
    assert equal(company) == 1


def in_conflict(office: Office, customer_id: str, phone: str) -> Body | None:
    """The customer, once it shows the number and every system is told of the conflict alone."""
    record = office.read("customer", customer_id)
    states = {system["state"] for system in record["sync"]["systems"].values()}
    return record if (record["phone"], states) == (phone, {"conflict"}) else None


def test_an_edit_of_a_parked_group_is_on_its_way_at_once_and_ends_the_conflict(company: Company) -> None:
    mine, theirs = company.customer_on_both(notes="Call first.", phone="030-1")
    with company.hub.paused("crm", "erp"):
        company.crm.change("customer", mine["id"], notes="Call before noon.")
        company.erp.change("customer", theirs["id"], notes="Pays late.")
    eventually(partial(in_conflict, company.crm, mine["id"], phone="030-1"))

    with company.hub.paused("crm"):
        mended = company.crm.change("customer", mine["id"], notes="Call before noon. Pays late.")
        assert (mended["sync"]["state"], mended["sync"]["conflicts"]) == ("on_its_way", [])


def test_the_loser_of_a_decision_sees_it_on_the_record(company: Company) -> None:
    mine, theirs = company.customer_on_both(phone="030-1111111")
    with company.hub.paused("crm", "erp"):
        company.erp.change("customer", theirs["id"], phone="030-3333333")
        company.crm.change("customer", mine["id"], phone="030-2222222")
    mine, theirs = company.shown_on_both("customer", mine["canonical_id"], phone="030-2222222")
    decision = one_decision(company, mine["canonical_id"], "phone")
    for record, outcome in ((mine, "kept"), (theirs, "lost")):
        [told] = record["sync"]["decisions"]
        assert (told["id"], told["rule"], told["winner"], told["outcome"]) == (decision["id"], "newest", "crm", outcome)

    company.hub.post(f"{told['path']}/restore")
    mine, theirs = company.shown_on_both("customer", mine["canonical_id"], phone="030-3333333")
    assert [each["winner"] for each in theirs["sync"]["decisions"]] == ["hub", "crm"]


def test_a_conflict_is_resolved_to_the_value_of_one_side(company: Company) -> None:
    mine, theirs = company.customer_on_both(notes="Call first.")
    with company.hub.paused("crm", "erp"):
        company.crm.change("customer", mine["id"], notes="Call before noon.")
        company.erp.change("customer", theirs["id"], notes="Pays late.")
    [conflict] = eventually(company.hub.conflicts)
    company.hub.post(f"/v1/conflicts/{conflict['id']}/resolve", {"origin": "erp"})
    company.shown_on_both("customer", mine["canonical_id"], notes="Pays late.")


def test_writing_what_the_erp_keeps_is_refused_in_the_crm_and_names_the_owner(company: Company) -> None:
    mine, theirs = company.customer_on_both()
    company.erp.change("customer", theirs["id"], payment_terms={"days": 30})
    terms = {"days": 30, "discount_days": None, "discount_percent": None}
    mine, _ = company.shown_on_both("customer", mine["canonical_id"], payment_terms=terms)
    try:
        company.crm.change("customer", mine["id"], payment_terms={"days": 90})
    except Refused as refused:
        assert (refused.status, refused.problem["owner"]) == (409, "erp")
        assert refused.problem["fields"] == ["payment_terms"]
    else:
        raise AssertionError("the CRM took payment terms")


async def test_writing_what_the_erp_keeps_all_the_same_is_reverted_and_logged(stack: Stack, company: Company) -> None:
    mine, theirs = company.customer_on_both()
    company.erp.change("customer", theirs["id"], payment_terms={"days": 30})
    terms = {"days": 30, "discount_days": None, "discount_percent": None}
    mine, _ = company.shown_on_both("customer", mine["canonical_id"], payment_terms=terms)

    wanted = {**terms, "days": 90}
    engine = create_engine(stack.plan.databases["crm"], "crm", "app")
    async with transaction(session_factory(engine), UUID(company.tenant)) as session:
        row = await reads.by_id(session, CUSTOMERS, UUID(mine["id"]), lock=True)
        with edit(session, CUSTOMER, row, "a script"):
            row.change({"payment_terms": wanted})
    await engine.dispose()

    decision = one_decision(company, mine["canonical_id"], "payment_terms")
    assert (decision["rule"], decision["winner"]) == ("strict:erp", "erp")
    assert outcomes(decision) == {"erp": (terms, "kept"), "crm": (wanted, "refused")}
    company.shown_on_both("customer", mine["canonical_id"], payment_terms=terms)
    assert equal(company) == 1


def test_an_update_wins_against_a_delete_that_has_not_seen_it(company: Company) -> None:
    mine, theirs = company.customer_on_both(phone="030-1111111")
    with company.hub.paused("crm", "erp"):
        company.crm.archive("customer", mine["id"])
        company.erp.change("customer", theirs["id"], phone="030-3333333")
    company.shown_on_both("customer", mine["canonical_id"], phone="030-3333333", archived_at=None)
    decision = one_decision(company, mine["canonical_id"], "life")
    assert (decision["rule"], decision["winner"], decision["value"]) == ("update_wins", "erp", "live")
    assert outcomes(decision)["crm"] == ("dead", "lost")
    assert equal(company) == 1


def test_a_delete_archives_on_both_sides_and_a_restore_brings_both_back(company: Company) -> None:
    mine, theirs = company.customer_on_both()
    company.crm.archive("customer", mine["id"])
    mine, theirs = company.both("customer", mine)
    assert mine["archived_at"] is not None
    assert theirs["archived_at"] is not None
    company.erp.restore("customer", theirs["id"])
    company.shown_on_both("customer", mine["canonical_id"], archived_at=None)
    assert company.hub.decisions(mine["canonical_id"]) == []
    assert equal(company) == 1


def test_adding_a_tag_wins_against_removing_it_at_the_same_time(company: Company) -> None:
    mine, theirs = company.customer_on_both(tags=["retail", "vip"])
    with company.hub.paused("crm", "erp"):
        company.crm.change("customer", mine["id"], tags=["retail"])
        company.erp.change("customer", theirs["id"], tags=["retail"])
        company.erp.change("customer", theirs["id"], tags=["retail", "vip", "export"])
    company.shown_on_both("customer", mine["canonical_id"], tags=["export", "retail", "vip"])
    decision = one_decision(company, mine["canonical_id"], "tag:vip")
    assert (decision["rule"], decision["winner"]) == ("member", "erp")
    company.crm.change("customer", mine["id"], tags=[])
    company.shown_on_both("customer", mine["canonical_id"], tags=[])
