"""Which known record a new one is."""

from random import Random
from uuid import UUID

import pytest
from gateway.identity.likeness import likeness
from gateway.identity.match import MARGIN, SIMILAR, Candidate, MatchKeys, Tier, best_match, match_keys
from hypothesis import given
from hypothesis import strategies as st

PHONE, EMAIL, TAX = "phone:+49300074321", "email:info@alfreds.example", "tax:DE:DE136695976"
OTHER_TAX = "tax:DE:DE129273398"

names = st.lists(st.text("abcdeé", min_size=1, max_size=6), max_size=3).map(" ".join)
keys = st.builds(
    MatchKeys,
    strong=st.lists(st.sampled_from([TAX, OTHER_TAX, "tax:AT:ATU13585627"]), max_size=2, unique=True).map(tuple),
    medium=st.lists(st.sampled_from([PHONE, EMAIL]), max_size=2, unique=True).map(tuple),
    name=names,
    belongs_to=st.sampled_from([None, "c1", "c2"]),
)


def known(number: int, name: str = "alfreds futterkiste", **fields: object) -> Candidate:
    return Candidate(UUID(int=number), MatchKeys(name=name, **fields))  # type: ignore[arg-type]  # test data


def test_the_same_tax_id_links_whatever_the_name() -> None:
    match = best_match(MatchKeys(strong=(TAX,), name="somebody else"), [known(1, strong=(TAX,))])
    assert (match.canonical_id, match.tier) == (UUID(int=1), Tier.STRONG)
    assert match.reason == "same tax id DE136695976"


@pytest.mark.parametrize(("key", "words"), [(PHONE, "phone +49300074321"), (EMAIL, "e-mail info@alfreds.example")])
def test_the_same_phone_or_email_links_with_a_similar_name(key: str, words: str) -> None:
    match = best_match(MatchKeys(medium=(key,), name="alfred futterkiste"), [known(1, medium=(key,))])
    assert (match.canonical_id, match.tier) == (UUID(int=1), Tier.SIMILAR)
    assert match.reason == f"same {words} and name 0.94 alike"


def test_an_email_alone_goes_to_review() -> None:
    match = best_match(MatchKeys(medium=(EMAIL,), name="blauer see"), [known(1, medium=(EMAIL,))])
    assert (match.canonical_id, match.tier, match.rivals) == (None, Tier.REVIEW, (UUID(int=1),))


def test_an_email_without_a_name_goes_to_review() -> None:
    match = best_match(MatchKeys(medium=(EMAIL,)), [known(1, name="", medium=(EMAIL,))])
    assert match.needs_review


def test_a_name_alone_goes_to_review() -> None:
    hint = ("name:alfreds futterkiste",)
    match = best_match(MatchKeys(name="alfreds futterkiste", hints=hint), [known(1, hints=hint)])
    assert (match.canonical_id, match.tier) == (None, Tier.REVIEW)


def test_two_different_tax_ids_of_one_country_veto_every_lower_tier() -> None:
    new = MatchKeys(strong=(OTHER_TAX,), medium=(PHONE, EMAIL), name="alfreds futterkiste")
    match = best_match(new, [known(1, strong=(TAX,), medium=(PHONE, EMAIL))])
    assert (match.canonical_id, match.tier, match.rivals) == (None, Tier.NEW, ())


@pytest.mark.parametrize("other", ["tax:AT:ATU13585627", "tax.stnr:DE:18181508155"])
def test_tax_ids_of_two_countries_or_kinds_do_not_contradict(other: str) -> None:
    new = MatchKeys(strong=(other,), medium=(PHONE,), name="alfreds futterkiste")
    assert best_match(new, [known(1, strong=(TAX,), medium=(PHONE,))]).tier is Tier.SIMILAR


def test_contacts_of_two_customers_are_two_people() -> None:
    new = MatchKeys(medium=(EMAIL,), name="maria anders", belongs_to="c2")
    candidates = [known(1, "maria anders", medium=(EMAIL,), belongs_to="c1")]
    assert best_match(new, candidates).tier is Tier.NEW


def test_a_contact_whose_customer_is_not_known_yet_can_be_linked() -> None:
    candidates = [known(1, "maria anders", medium=(EMAIL,), belongs_to="c1")]
    match = best_match(MatchKeys(medium=(EMAIL,), name="maria anders"), candidates)
    assert match.canonical_id == UUID(int=1)


def test_a_tie_goes_to_review_and_names_the_rivals() -> None:
    new = MatchKeys(medium=(PHONE,), name="alfreds futterkiste")
    match = best_match(new, [known(2, medium=(PHONE,)), known(1, medium=(PHONE,))])
    assert (match.canonical_id, match.rivals) == (None, (UUID(int=1), UUID(int=2)))
    assert match.reason.endswith("but 2 records fit equally well")


def test_the_better_of_two_is_linked_when_it_is_better_by_the_margin() -> None:
    new = MatchKeys(medium=(PHONE,), name="alfreds futterkiste")
    match = best_match(new, [known(1, "alfred futerkiste", medium=(PHONE,)), known(2, medium=(PHONE,))])
    assert match.canonical_id == UUID(int=2)


def test_two_records_with_the_same_tax_id_are_told_apart_by_name() -> None:
    new = MatchKeys(strong=(TAX,), name="alfreds futterkiste")
    match = best_match(new, [known(1, "zentrale", strong=(TAX,)), known(2, strong=(TAX,))])
    assert (match.canonical_id, match.tier) == (UUID(int=2), Tier.STRONG)


def test_no_link_is_made_through_a_third_record() -> None:
    """A is like B by phone and B like C by e-mail; C is not offered A's record on that account."""
    a = known(1, medium=(PHONE,))
    c = MatchKeys(medium=(EMAIL,), name="alfreds futterkiste")
    assert best_match(c, [a]).canonical_id is None


def test_nothing_in_common_creates() -> None:
    assert best_match(MatchKeys(name="new"), []).tier is Tier.NEW


@given(names, names)
def test_likeness_is_a_symmetric_share(one: str, other: str) -> None:
    assert likeness(one, other) == likeness(other, one)
    assert 0 <= likeness(one, other) <= 1


@given(names)
def test_the_order_of_words_does_not_matter(name: str) -> None:
    assert likeness(name, " ".join(reversed(name.split()))) == (1 if name else 0)


@given(keys, st.lists(keys, max_size=4), st.randoms())
def test_the_verdict_does_not_depend_on_the_order_of_candidates(
    new: MatchKeys, others: list[MatchKeys], random: Random
) -> None:
    candidates = [Candidate(UUID(int=number), other) for number, other in enumerate(others)]
    shuffled = random.sample(candidates, len(candidates))
    assert best_match(new, candidates) == best_match(new, shuffled)


@given(keys, st.lists(keys, max_size=4))
def test_every_link_has_its_evidence(new: MatchKeys, others: list[MatchKeys]) -> None:
    candidates = [Candidate(UUID(int=number), other) for number, other in enumerate(others)]
    match = best_match(new, candidates)
    if match.canonical_id is None:
        assert match.tier in (Tier.REVIEW, Tier.NEW)
        return
    chosen = others[match.canonical_id.int]
    if set(new.strong) & set(chosen.strong):
        assert match.tier is Tier.STRONG
        return
    assert set(new.medium) & set(chosen.medium)
    assert likeness(new.name, chosen.name) >= SIMILAR
    assert {key[:6] for key in new.strong}.isdisjoint(key[:6] for key in chosen.strong)
    assert None in (new.belongs_to, chosen.belongs_to) or new.belongs_to == chosen.belongs_to
    scores = [likeness(new.name, o.name) for o in others if o is not chosen and set(o.medium) & set(new.medium)]
    if others.count(chosen) == 1 and not any(o.strong or o.belongs_to for o in others):
        assert all(score <= match.score - MARGIN for score in scores)


@given(keys, keys)
def test_both_sides_see_the_same_evidence(one: MatchKeys, other: MatchKeys) -> None:
    there = best_match(one, [Candidate(UUID(int=1), other)])
    back = best_match(other, [Candidate(UUID(int=1), one)])
    assert (there.tier, there.score) == (back.tier, back.score)


def product(number: int, *, sku: str | None = None, gtin: str | None = None, name: str = "Chai") -> Candidate:
    return Candidate(UUID(int=number), match_keys("product", {"sku": sku, "gtin": gtin, "name": name}))


CHAI = "4006381333931"


def test_the_same_sku_links_whatever_the_gtin() -> None:
    match = best_match(product(0, sku=" chai-1", gtin=CHAI).keys, [product(1, sku="CHAI-1", gtin="4006381333948")])
    assert (match.canonical_id, match.tier, match.reason) == (UUID(int=1), Tier.STRONG, "same SKU chai-1")


@pytest.mark.parametrize(("here", "there"), [(None, "CHAI-1"), ("CHAI-1", None), (None, None)])
def test_the_same_gtin_links_where_one_of_the_two_has_no_sku(here: str | None, there: str | None) -> None:
    match = best_match(product(0, sku=here, gtin=CHAI).keys, [product(1, sku=there, gtin=f"0{CHAI}")])
    assert (match.canonical_id, match.tier) == (UUID(int=1), Tier.STRONG)


def test_a_sku_in_wide_letters_is_the_one_that_crm_and_erp_take_it_for() -> None:
    assert best_match(product(0, sku="\uff23HAI-1").keys, [product(1, sku="chai-1")]).tier is Tier.STRONG


def test_the_same_gtin_under_two_skus_goes_to_review() -> None:
    match = best_match(product(0, sku="chai", gtin=CHAI).keys, [product(1, sku="tea", gtin=CHAI)])
    assert (match.canonical_id, match.tier, match.rivals) == (None, Tier.REVIEW, (UUID(int=1),))
    assert match.reason == f"same GTIN 0{CHAI}, but SKU tea there and SKU chai here"


def test_of_two_products_that_could_be_meant_the_sku_decides() -> None:
    candidates = [product(1, gtin=CHAI), product(2, sku="chai", gtin="4006381333948", name="Tea of India")]
    match = best_match(product(0, sku="chai", gtin=CHAI).keys, candidates)
    assert (match.canonical_id, match.tier) == (UUID(int=2), Tier.STRONG)


def test_products_of_one_name_are_two_products() -> None:
    assert best_match(product(0, sku="a").keys, [product(1, sku="b"), product(2)]).tier is Tier.NEW


def payment(number: int, reference: str | None = "RF18 5390", **paid: str) -> Candidate:
    amount = {"amount": "100", "currency": "EUR", "direction": "in", **paid}
    return Candidate(UUID(int=number), match_keys("payment", {"reference": reference, "payment": amount}))


def test_a_payment_is_known_by_its_reference_within_direction_and_currency() -> None:
    match = best_match(payment(0).keys, [payment(1, "rf1853 90", amount="100.00")])
    assert (match.canonical_id, match.tier, match.reason) == (UUID(int=1), Tier.STRONG, "same reference rf185390")
    for other in (payment(1, direction="out"), payment(1, currency="USD"), payment(1, "RF19"), payment(1, None)):
        assert best_match(payment(0).keys, [other]).tier is Tier.NEW


@pytest.mark.parametrize("kind", ["order", "invoice", "price", "availability", "tax_rate"])
def test_documents_are_never_taken_for_each_other(kind: str) -> None:
    assert match_keys(kind, {"reference": "R1", "number": "1", "name": "x", "sku": "a"}).lookup == ()
