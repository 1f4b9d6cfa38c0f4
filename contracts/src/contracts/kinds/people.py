"""Employees and their teams: the ERP keeps them, and the CRM may correct how an employee is reached."""

from uuid import UUID

from contracts.contact import PersonName
from contracts.employee import DAYS, Employment, GoldenMembership, Membership, WorkingTime
from contracts.kinds import same
from contracts.kinds.custom_field import own_fields
from contracts.kinds.policies import newest, strict
from contracts.kinds.table import FEW_PARTITIONS, READS, WRITES, KindTable, family, group, reference
from contracts.text import NameText, OptionalNameText, OptionalShortText
from contracts.values import EmailText, Language, PhoneText

ERP = strict("erp")

EMPLOYEE = KindTable(
    "employee",
    holders={"erp": WRITES, "crm": WRITES},
    life=ERP,
    partitions=FEW_PARTITIONS,
    groups=(
        group("name", PersonName, ERP, required=True),
        group("email", EmailText | None, newest, same=same.lowered),
        group("phone", PhoneText | None, newest, same=same.phone),
        group("position", OptionalShortText, ERP),
        group("department", OptionalShortText, ERP),
        group("language", Language | None, ERP, same=same.lowered),
        group("subject", OptionalNameText, ERP),  # The `sub` of the person's tokens.
        group("employment", Employment | None, ERP),
        group("working_time", WorkingTime | None, ERP, same=same.amounts(*DAYS)),
        reference("employee", ERP, name="manager"),
        own_fields(newest),
    ),
)

TEAM = KindTable(
    "team",
    holders={"erp": WRITES, "crm": READS},
    life=ERP,
    partitions=FEW_PARTITIONS,
    groups=(
        group("name", NameText, ERP, required=True),
        reference("employee", ERP, name="lead"),
        family(
            "member",
            Membership | None,
            ERP,
            member=UUID,
            same=same.membership,
            refers="employee",
            reference_field="employee",
            golden=GoldenMembership | None,
        ),
    ),
)
