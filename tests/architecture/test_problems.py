"""Every code of the problem catalogue says one thing."""

from collections import defaultdict
from collections.abc import Iterator

import pytest
from chassis.errors import Conflict, Problem
from chassis.service import Service
from crm.wiring import SERVICE as CRM
from erp.wiring import SERVICE as ERP
from gateway.wiring import SERVICE as GATEWAY

SERVICES = [CRM, ERP, GATEWAY]
SHARED = {"chassis", "custom_fields", "documents", "importing", "lines", "numbering", "party"}


def declared(problem: type[Problem] = Problem) -> Iterator[type[Problem]]:
    """Every error with a code of its own."""
    for each in problem.__subclasses__():
        if "code" in vars(each):
            yield each
        yield from declared(each)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_no_two_errors_of_a_service_share_a_code(service: Service) -> None:
    places: dict[str, set[str]] = defaultdict(set)
    for problem in declared():
        if problem.__module__.partition(".")[0] in {service.name, *SHARED}:
            places[problem.code].add(f"{problem.__module__}.{problem.__qualname__}")
    assert {code: found for code, found in places.items() if len(found) > 1} == {}


def test_a_code_that_is_taken_is_refused_when_an_error_is_declared_even_under_the_same_name() -> None:
    def declare(module: str) -> type[Problem]:
        return type("Twice", (Conflict,), {"code": "twice-in-a-test", "__module__": module})

    first = declare("crm.one")
    assert declare("crm.one").code == first.code  # The same module, loaded again.
    assert declare("erp.one").code == first.code  # Another process.
    with pytest.raises(TypeError, match=r"used by crm\.one\.Twice"):
        declare("crm.two")
