"""The threshold of likeness on names that people gave: 91 companies and 91 contacts of Northwind."""

import csv
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from uuid import UUID

import pytest
from contracts.countries import country_code
from contracts.normalise import company_name_key, name_key
from gateway.identity.likeness import likeness
from gateway.identity.match import SIMILAR, Candidate, MatchKeys, Tier, best_match, match_keys

FILE = Path(__file__).parents[4] / "tests/data/northwind/customers.csv"
with FILE.open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))

COMPANIES = [row["company_name"] for row in ROWS]
PEOPLE = [row["contact_name"] for row in ROWS]
LEGAL_FORMS = ["GmbH", "GmbH & Co. KG", "S.A.", "Ltd.", "Ltda", "S.p.A.", "A/S", "Inc", "AB", "sp. z o.o."]


def keys_of(row: dict[str, str], name: str | None = None) -> MatchKeys:
    values = {
        "name": {"name": name or row["company_name"], "kind": "company"},
        "phone": row["phone"],
        "billing_address": {"city": row["city"], "country": country_code(row["country"])},
    }
    return match_keys("customer", values)


def one_typo(name: str) -> Iterator[str]:
    """Every name that differs by a letter dropped, added, changed or swapped; spaces stay."""
    for i, letter in enumerate(name):
        if not letter.isalnum():
            continue
        yield name[:i] + name[i + 1 :]
        yield name[:i] + "k" + name[i:]
        yield name[:i] + "k" + name[i + 1 :]
        if name[i + 1 : i + 2].isalnum():
            yield name[:i] + name[i + 1] + letter + name[i + 2 :]


def test_every_customer_has_a_phone_to_find_it_by() -> None:
    assert len(ROWS) == 91
    assert all(keys_of(row).medium for row in ROWS)


def test_no_two_customers_are_linked() -> None:
    keys = [keys_of(row) for row in ROWS]
    for i, new in enumerate(keys):
        others = [Candidate(UUID(int=j), other) for j, other in enumerate(keys) if j != i]
        assert best_match(new, others).canonical_id is None, ROWS[i]


@pytest.mark.parametrize(("names", "key"), [(COMPANIES, company_name_key), (PEOPLE, name_key)])
def test_no_two_names_are_similar_even_with_one_phone(names: list[str], key: Callable[[str], str]) -> None:
    closest = max(likeness(key(one), key(other)) for one, other in combinations(names, 2))
    assert closest < 0.69


@pytest.mark.parametrize(("names", "key"), [(COMPANIES, company_name_key), (PEOPLE, name_key)])
def test_one_typo_leaves_a_name_similar(names: list[str], key: Callable[[str], str]) -> None:
    scores = [
        (likeness(key(name), key(typo)), typo)
        for name in names
        for typo in one_typo(name)
        if not _in_the_legal_form(name, typo)
    ]
    assert min(scores)[0] > 0.83


def _in_the_legal_form(name: str, typo: str) -> bool:
    """A typo in a legal form makes a word of it; the record then goes to review instead of being linked."""
    return len(company_name_key(name).split()) != len(company_name_key(typo).split())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["customer_id"])
def test_a_customer_written_another_way_is_found_among_all(row: dict[str, str]) -> None:
    candidates = [Candidate(UUID(int=number), keys_of(other)) for number, other in enumerate(ROWS)]
    expected = UUID(int=ROWS.index(row))
    name = row["company_name"]
    variants = [
        name.upper(),
        name.lower(),
        name_key(name),
        f"  {name}  ",
        name.replace("-", " "),
        " ".join(reversed(company_name_key(name).split())),
        *(f"{name} {form}" for form in LEGAL_FORMS),
    ]
    for variant in variants:
        match = best_match(keys_of(row, variant), candidates)
        assert (match.canonical_id, match.tier) == (expected, Tier.SIMILAR), (variant, match)


def test_the_threshold_lies_between_the_closest_pair_and_the_worst_typo() -> None:
    assert 0.69 < SIMILAR < 0.83
