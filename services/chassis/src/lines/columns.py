"""Columns of lines and of documents, the same in every table that holds them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.db import JsonObject
from contracts.charge import BilledCharge, Charge, ListedCharge
from contracts.money import amount_text
from sqlalchemy import Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lines.amounts import net_of


class Amounts:
    """The terms of a line: its quantity, price, discount and tax rate."""

    quantity: Mapped[Decimal]
    unit_price: Mapped[Decimal]
    discount: Mapped[Decimal]
    tax_rate: Mapped[Decimal]


class OrderedLine(Amounts):
    """A line that names its product; `price_from` says where its price comes from."""

    position: Mapped[int]
    product_id: Mapped[UUID]
    description: Mapped[str | None] = mapped_column(Text)
    tax_class: Mapped[str] = mapped_column(Text)
    price_from: Mapped[str] = mapped_column(Text)

    def net(self, currency: str, quantity: Decimal | None = None) -> Decimal:
        """The amount of the line, or of this quantity of it, before tax."""
        return net_of(self, currency, quantity)

    def value(self) -> dict[str, Any]:
        """The line in its published form, `contracts.order.OrderLine`; its columns hold checked values."""
        return {
            "position": self.position,
            "product": str(self.product_id),
            "description": self.description or None,
            "quantity": amount_text(self.quantity),
            "unit_price": amount_text(self.unit_price),
            "discount": amount_text(self.discount),
            "tax_class": self.tax_class,
            "tax_rate": amount_text(self.tax_rate),
        }


class BilledLine(Amounts):
    """A line of a posted document, with its amount."""

    position: Mapped[int]
    description: Mapped[str] = mapped_column(Text)
    net: Mapped[Decimal]


class Charges:
    """The charges of a document, in their order, each a `ListedCharge` in its JSON form."""

    charges: Mapped[list[JsonObject]] = mapped_column(JSONB, server_default=text("'[]'"), default=list)

    @property
    def charged(self) -> list[ListedCharge]:
        """Its charges, as what they are."""
        return [ListedCharge.model_validate(each) for each in self.charges or ()]

    def charge(self, charges: Iterable[ListedCharge]) -> None:
        """Take these charges in the place of what is there."""
        self.charges = [each.model_dump(mode="json") for each in charges]

    def charge_values(self) -> dict[str, Any]:
        """Each charge in its published form, by its id."""
        return {str(each.id): each.model_dump(mode="json", exclude={"id"}) for each in self.charged}

    def set_charge(self, charge_id: UUID, value: Mapping[str, Any] | None) -> None:
        """Take one charge as another system says it is; None takes it off."""
        others = {each.id: each for each in self.charged}
        if value is None:
            others.pop(charge_id, None)
        else:
            others[charge_id] = ListedCharge(id=charge_id, **Charge.model_validate(value).model_dump())
        self.charge(others.values())


class ChargesBilled:
    """The charges on a posted document, each a `BilledCharge` in its JSON form."""

    charges: Mapped[list[JsonObject]] = mapped_column(JSONB, server_default=text("'[]'"), default=list)

    @property
    def charged(self) -> list[BilledCharge]:
        """Its charges, as what they are."""
        return [BilledCharge.model_validate(each) for each in self.charges or ()]
