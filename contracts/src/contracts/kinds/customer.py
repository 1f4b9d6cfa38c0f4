"""The customer: a company or a person, with its legal entities over time."""

from uuid import UUID

from pydantic import StrictBool

from contracts.customer import (
    LATER_STAGES,
    Address,
    Credit,
    CustomerStage,
    LegalEntity,
    PartyName,
    PaymentTerms,
)
from contracts.kinds import same
from contracts.kinds.custom_field import own_fields
from contracts.kinds.match import COUNTRY, HINT, NAME, medium, strong
from contracts.kinds.policies import machine, manual, member, newest, prefer, strict
from contracts.kinds.table import WRITES, KindTable, ShownValue, family, group, reference
from contracts.text import NotesText, OptionalShortText, ShortText
from contracts.values import CurrencyCode, EmailText, Language, PhoneText, Tag, Website

CUSTOMER = KindTable(
    "customer",
    holders={"crm": WRITES, "erp": WRITES},
    groups=(
        group("name", PartyName, newest, NAME, HINT, required=True),
        group("stage", CustomerStage | None, machine(LATER_STAGES), same=same.stage),  # Without one: a customer.
        group("email", EmailText | None, newest, medium("email"), same=same.lowered),
        group("phone", PhoneText | None, newest, medium("phone"), same=same.phone),
        group("website", Website | None, newest),
        group("language", Language | None, newest, same=same.lowered),
        group("currency", CurrencyCode | None, newest),
        group("owner", OptionalShortText, prefer("crm")),  # A name that is not matched to an employee yet.
        reference("employee", prefer("crm"), name="owner_employee"),
        group("segment", OptionalShortText, prefer("crm")),
        group("source", OptionalShortText, prefer("crm")),
        group("notes", NotesText | None, manual, same=same.prose),
        group("billing_address", Address | None, newest, COUNTRY),
        group("shipping_address", Address | None, newest, COUNTRY),
        group("payment_terms", PaymentTerms | None, strict("erp"), same=same.amounts("discount_percent")),
        group("credit", Credit | None, strict("erp"), same=same.amounts("limit")),
        family("tag", StrictBool | None, member, member=Tag, same=same.presence),
        family("legal", LegalEntity | None, newest, strong("tax"), COUNTRY, member=UUID, same=same.legal),
        own_fields(newest),
    ),
    shown=(ShownValue("number", ShortText, by=("erp",)),),
)
