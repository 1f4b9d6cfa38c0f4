"""What must be true when the story is over: each figure from every place that knows it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ..e2e.clients import Body, Company
from .northwind import Northwind, exact, rounded

ALL_OF_NORTHWIND = Decimal("1265793.0395")
"""What its 2,155 lines come to before any rounding, as others have computed it."""


@dataclass
class Figure:
    """One statement: `expected`, and what each place says."""

    name: str
    expected: Any
    found: Mapping[str, Any]

    @property
    def holds(self) -> bool:
        return all(value == self.expected for value in self.found.values())

    def __str__(self) -> str:
        if self.holds:
            return f"{self.name}: {_shown(self.expected)}  ({', '.join(self.found)})"
        wrong = ", ".join(f"{place} {_shown(value)}" for place, value in self.found.items())
        return f"{self.name}: expected {_shown(self.expected)}, found {wrong}"


@dataclass
class Books:
    """Everything that the services say, read once through their REST interfaces."""

    company: Company
    crm_orders: list[Body] = field(init=False)
    erp_orders: list[Body] = field(init=False)
    crm_invoices: list[Body] = field(init=False)
    erp_invoices: list[Body] = field(init=False)
    crm_accounts: list[Body] = field(init=False)
    erp_balances: list[Body] = field(init=False)
    trial_balance: Body = field(init=False)
    stock: list[Body] = field(init=False)
    moves: list[Body] = field(init=False)

    def __post_init__(self) -> None:
        crm, erp = self.company.crm, self.company.erp
        self.crm_orders = [crm.read("order", each["id"]) for each in crm.all("/v1/orders")]
        self.erp_orders = [erp.read("order", each["id"]) for each in erp.all("/v1/orders")]
        self.crm_invoices = crm.all("/v1/invoices")
        self.erp_invoices = erp.all("/v1/invoices")
        self.crm_accounts = crm.all("/v1/receivables")
        self.erp_balances = erp.all("/v1/balances")
        self.trial_balance = erp.get("/v1/trial-balance")
        self.stock = erp.all("/v1/stock")
        self.moves = erp.all("/v1/stock-moves")


def figures(company: Company, northwind: Northwind) -> list[Figure]:
    """Every figure of the story."""
    books = Books(company)
    return [
        *_orders(books, northwind),
        *_amounts(books, northwind),
        *_receivables(books, northwind),
        *_ledger(books),
        *_stock(books, northwind),
    ]


def _orders(books: Books, northwind: Northwind) -> list[Figure]:
    sides = {"CRM": books.crm_orders, "ERP": books.erp_orders}
    names = Counter(order.number for order in northwind.orders)
    shared = {each["canonical_id"] for each in books.crm_orders} ^ {each["canonical_id"] for each in books.erp_orders}
    return [
        Figure("orders", len(names), {side: len(orders) for side, orders in sides.items()}),
        Figure("order lines", len(northwind.lines), {side: _lines(orders) for side, orders in sides.items()}),
        Figure(
            "orders missing or double",
            0,
            {
                **{
                    side: (names - _references(o)).total() + (_references(o) - names).total()
                    for side, o in sides.items()
                },
                "either": len(shared),
            },
        ),
        *[
            Figure(
                f"orders {state}",
                sum(1 for order in northwind.orders if _expected_state(order, northwind) == state),
                {side: sum(1 for order in orders if order["state"] == state) for side, orders in sides.items()},
            )
            for state in ("confirmed", "invoiced", "closed")
        ],
    ]


def _expected_state(order: Any, northwind: Northwind) -> str:
    if order.shipped_on is None:
        return "confirmed"
    return "invoiced" if order.shipped_on >= northwind.unpaid_from else "closed"


def _amounts(books: Books, northwind: Northwind) -> list[Figure]:
    shipped = {order.number for order in northwind.shipped}
    billed = rounded(northwind.shipped)
    revenue = -_role(books, "revenue")
    return [
        Figure(
            "before rounding",
            northwind.exact,
            {"CRM orders": exact_total(books.crm_orders), "ERP orders": exact_total(books.erp_orders)},
        ),
        Figure(
            "each line rounded",
            rounded(northwind.orders),
            {"CRM orders": _net(books.crm_orders), "ERP orders": _net(books.erp_orders)},
        ),
        Figure(
            f"of which shipped and invoiced ({len(shipped)} orders)",
            billed,
            {
                "CRM orders": _net(each for each in books.crm_orders if each["reference"] in shipped),
                "ERP orders": _net(each for each in books.erp_orders if each["reference"] in shipped),
                "CRM invoices": _net(books.crm_invoices),
                "ERP invoices": _net(books.erp_invoices),
                "revenue account": revenue,
            },
        ),
        Figure(
            "before rounding, shipped and invoiced",
            exact(line for order in northwind.shipped for line in order.lines),
            {"CRM orders": exact_total(each for each in books.crm_orders if each["reference"] in shipped)},
        ),
    ]


def _receivables(books: Books, northwind: Northwind) -> list[Figure]:
    unpaid = [order for order in northwind.shipped if order.shipped_on and order.shipped_on >= northwind.unpaid_from]
    shared = {
        each["id"]: each["canonical_id"] for office in books.company.offices for each in office.records("customer")
    }
    sides = {
        "CRM invoices": _by_customer(books.crm_invoices, shared),
        "ERP invoices": _by_customer(books.erp_invoices, shared),
        "CRM accounts": _by_customer(books.crm_accounts, shared),
        "CRM balances": _by_customer(
            ({**each["balance"], "customer_id": each["customer_id"]} for each in books.crm_accounts if each["balance"]),
            shared,
        ),
        "ERP balances": _by_customer(books.erp_balances, shared),
    }
    reference = sides["ERP invoices"]
    differing = {
        name: sum(1 for customer in {*reference, *side} if reference.get(customer, 0) != side.get(customer, 0))
        for name, side in sides.items()
    }
    return [
        Figure(
            "receivables",
            rounded(unpaid),
            {name: sum(side.values()) for name, side in sides.items()} | {"ledger": _role(books, "receivables")},
        ),
        Figure("customers whose receivables differ", 0, differing),
    ]


def _ledger(books: Books) -> list[Figure]:
    sums = {each["currency"]: Decimal(each["debit"]) - Decimal(each["credit"]) for each in books.trial_balance["sums"]}
    return [Figure("trial balance", Decimal(0), sums)]


def _stock(books: Books, northwind: Northwind) -> list[Figure]:
    on_hand: defaultdict[str, Decimal] = defaultdict(Decimal)
    moved: defaultdict[str, Decimal] = defaultdict(Decimal)
    for each in books.stock:
        on_hand[each["product_id"]] += Decimal(each["on_hand"])
    for each in books.moves:
        moved[each["product_id"]] += Decimal(each["quantity"])
    reserved = sum(Decimal(each["reserved"]) for each in books.stock)
    open_lines = [line for order in northwind.orders if order.shipped_on is None for line in order.lines]
    issued = -sum(Decimal(each["quantity"]) for each in books.moves if each["kind"] == "issue")
    value = sum(Decimal(each["value"]) for each in books.stock)
    return [
        Figure(
            "products whose stock is not receipts less issues",
            0,
            {"ERP": sum(1 for product in {*on_hand, *moved} if on_hand[product] != moved[product])},
        ),
        Figure("units issued", sum(line.quantity for o in northwind.shipped for line in o.lines), {"ERP": issued}),
        Figure("units reserved", sum(line.quantity for line in open_lines), {"ERP": reserved}),
        Figure("value of the stock", _role(books, "inventory"), {"ERP stock": value}),
    ]


def _references(orders: Iterable[Body]) -> Counter[str]:
    return Counter(order["reference"] for order in orders)


def _lines(orders: Iterable[Body]) -> int:
    return sum(len(order["lines"]) for order in orders)


def exact_total(orders: Iterable[Body]) -> Decimal:
    """What the lines of orders come to before any rounding."""
    lines = (line for order in orders for line in order["lines"])
    nets = (Decimal(e["unit_price"]) * Decimal(e["quantity"]) * (1 - Decimal(e["discount"])) for e in lines)
    return sum(nets, Decimal(0))


def _net(documents: Iterable[Body]) -> Decimal:
    return sum((Decimal(each["net"]) for each in documents), Decimal(0))


def _role(books: Books, role: str) -> Decimal:
    """Debit less credit of the account that has a role."""
    accounts = [each for each in books.trial_balance["accounts"] if each["role"] == role]
    return sum((Decimal(each["debit"]) - Decimal(each["credit"]) for each in accounts), Decimal(0))


def _by_customer(documents: Iterable[Body], shared: Mapping[str, str]) -> dict[str, Decimal]:
    """Canonical id of a customer -> what is open."""
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for each in documents:
        found[shared[each["customer_id"]]] += Decimal(each["open"])
    return {customer: amount for customer, amount in found.items() if amount}


def _shown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, (Decimal, int)) else str(value)
