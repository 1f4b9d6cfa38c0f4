"""The main job on real input: the 91 customers of Northwind, entered once, on both sides, edited, equal."""

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stack.services import Stack

from .clients import Body, Company, Office
from .equality import equal

FILE = Path(__file__).parents[1] / "data/northwind/customers.csv"
CUSTOMERS = (
    "company_name=name,phone=phone,address=billing_address.lines,postal_code=billing_address.postal_code,"
    "city=billing_address.city,region=billing_address.region,country=billing_address.country"
)
CONTACTS = "contact_name=name,contact_title=position,customer_id=customer_id"


def run_import(stack: Stack, company: Company, service: str, target: str, columns: str, folder: Path) -> dict[str, int]:
    """Run `python -m <service> import <target>` as a person would; answer the counts that it prints."""
    file = folder / f"{service}-{target}" / FILE.name
    file.parent.mkdir(exist_ok=True)
    shutil.copy(FILE, file)
    options = ["--columns", columns, "--key", "customer_id", "--tenant", company.tenant]
    done = subprocess.run(
        [sys.executable, "-m", service, "import", target, str(file), *options],
        env={**os.environ, "DATA_DIR": str(stack.folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert file.with_name(f"customers.{service}-{target}.result.csv").exists()
    return {
        outcome: int(count) for count, outcome in re.findall(r"(\d+) (created|updated|unchanged|rejected)", done.stdout)
    }


def write_all(office: Office, bodies: dict[str, Body]) -> None:
    """Change customers by id in one batch, based on what stands there now; all must be taken."""
    versions = {each["id"]: each["version"] for each in office.records("customer")}
    items = [{"id": local_id, "version": versions[local_id], "body": body} for local_id, body in bodies.items()]
    results = office.batch("customer", items)
    assert [each["outcome"] for each in results] == ["updated"] * len(items), results


def test_ninety_one_customers_entered_in_the_crm_stand_in_the_erp_and_are_equal_after_edits_on_both_sides(
    stack: Stack, company: Company, tmp_path: Path
) -> None:
    counts = run_import(stack, company, "crm", "customers", CUSTOMERS, tmp_path)
    assert counts == {"created": 91, "updated": 0, "unchanged": 0, "rejected": 0}
    counts = run_import(stack, company, "crm", "contacts", CONTACTS, tmp_path)
    assert counts["created"] == 91
    assert equal(company) == 91
    assert equal(company, "contact") == 91
    numbers = {each["number"] for each in company.erp.records("customer")}
    assert numbers == {f"C-{number:06}" for number in range(1, 92)}

    terms = {"days": 30, "discount_days": 10, "discount_percent": "2"}
    in_crm = {each["id"]: {"tags": ["northwind"], "segment": "food"} for each in company.crm.records("customer")}
    in_erp: dict[str, Body] = {
        each["id"]: {"payment_terms": terms, "email": f"office@{number}.example", "tags": ["imported"]}
        for number, each in enumerate(company.erp.records("customer"))
    }
    with company.hub.paused("crm", "erp"):
        write_all(company.crm, in_crm)
        write_all(company.erp, in_erp)
    assert equal(company) == 91
    for office in company.offices:
        for each in office.records("customer"):
            assert (each["tags"], each["segment"], each["payment_terms"]) == (["imported", "northwind"], "food", terms)
            assert each["email"].startswith("office@")
    assert company.hub.all("/v1/decisions") == []

    again = run_import(stack, company, "crm", "customers", CUSTOMERS, tmp_path)
    assert again == {"created": 0, "updated": 0, "unchanged": 91, "rejected": 0}


def test_the_same_file_entered_on_both_sides_at_once_makes_ninety_one_records_and_not_twice_as_many(
    stack: Stack, company: Company, tmp_path: Path
) -> None:
    def enter(service: str) -> dict[str, int]:
        return run_import(stack, company, service, "customers", CUSTOMERS, tmp_path)

    with company.hub.paused("crm", "erp"), ThreadPoolExecutor(2) as both:
        counts = list(both.map(enter, ("crm", "erp")))
    assert [each["created"] for each in counts] == [91, 91]
    assert equal(company) == 91
    links = company.hub.links("customer")
    assert len({link["canonical_id"] for link in links}) == len(links) / 2 == 91
    assert [len(office.records("customer")) for office in company.offices] == [91, 91]

    with ThreadPoolExecutor(2) as both:
        counts = list(both.map(enter, ("crm", "erp")))
    assert [(each["created"], each["unchanged"]) for each in counts] == [(0, 91), (0, 91)]
    assert equal(company) == 91
