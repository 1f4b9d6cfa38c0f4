"""Another tenant at work: its edits must stay visible on the other side, whatever anybody else sends."""

import itertools
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from ..e2e.clients import Body, Company, Office
from ..e2e.trade import a_product
from ..e2e.waiting import eventually

PAUSE_SECONDS = 0.2
PATIENCE_SECONDS = 60.0


class Witness(threading.Thread):
    """Edits a customer and an order on either side in turn, and measures how long each edit takes to be seen."""

    def __init__(self, company: Company) -> None:
        super().__init__(name="witness", daemon=True)
        self.company = company
        self.customers = company.customer_on_both(currency="EUR")
        self.product, _ = a_product(company)
        self.seconds: list[tuple[float, str]] = []
        """How long edits took to be seen, on a machine that does nothing else."""
        self.failure: BaseException | None = None
        self._done = threading.Event()

    def run(self) -> None:
        """Edit until `finish`."""
        try:
            for number in itertools.count():
                self._edit_customer(number, *self._sides(number))
                self._enter_order(number)
                if self._done.wait(PAUSE_SECONDS):
                    return
        except BaseException as failure:
            self.failure = failure
            raise

    def finish(self) -> None:
        """Stop, and raise what went wrong."""
        self._done.set()
        self.join(2 * PATIENCE_SECONDS)
        assert self.failure is None, repr(self.failure)
        assert not self.is_alive(), "an edit is still not visible"

    def slower_than(self, limit_seconds: float) -> list[str]:
        """The edits that took longer to be seen."""
        return [f"{what}: {seconds:.1f} s" for seconds, what in self.seconds if seconds > limit_seconds]

    def _sides(self, number: int) -> tuple[Office, Body, Office, Body]:
        (crm, erp), (mine, theirs) = self.company.offices, self.customers
        return (crm, mine, erp, theirs) if number % 2 == 0 else (erp, theirs, crm, mine)

    def _edit_customer(self, number: int, here: Office, customer: Body, there: Office, same: Body) -> None:
        phone = f"+49 30 {number:07}"
        here.change("customer", customer["id"], phone=phone)
        self._see(f"phone of {here.name}", lambda: there.read("customer", same["id"])["phone"] == phone)

    def _enter_order(self, number: int) -> None:
        """Sales enters an order; the back office changes it; sales sees that."""
        crm, erp = self.company.offices
        reference = f"PO {number}"
        lines = [{"product_id": self.product["id"], "quantity": "2"}]
        made = crm.create("order", customer_id=self.customers[0]["id"], reference=reference, lines=lines)
        [seen] = self._see("order of crm", lambda: erp.get("/v1/orders", reference=reference)["items"])
        erp.change("order", seen["id"], notes=reference)
        self._see("notes of erp", lambda: crm.read("order", made["id"])["notes"] == reference)

    def _see(self, what: str, look: Callable[[], Any]) -> Any:
        began = time.monotonic()
        found = eventually(look, PATIENCE_SECONDS)
        self.seconds.append(((time.monotonic() - began) / slowdown(), what))
        return found


def slowdown() -> float:
    """How many times longer everything takes because others use this machine too: processes that run, per processor."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
