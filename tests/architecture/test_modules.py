"""What the wiring lists: every module once, each on top of those before it; and what follows from the lists."""

import ast
from collections.abc import Iterator, Mapping
from importlib import import_module
from itertools import chain
from pathlib import Path
from types import ModuleType

import pytest
from chassis.service import Service
from chassis.testing import application
from contracts.scopes import EVENT_SCOPES, SCOPES
from crm import wiring as crm
from erp import wiring as erp
from gateway.wiring import SERVICE as GATEWAY
from modules import Module
from records import RecordRouter

from .source import shown, tree
from .test_routes import operations

WIRED = pytest.mark.parametrize("wiring", [crm, erp], ids=lambda wiring: wiring.SERVICE.name)


def business_modules(wiring: ModuleType) -> Mapping[str, Module]:
    """The packages with tables or that declare a module, alone or in an area, by name, as they are listed."""
    package = Path(wiring.__file__ or "").parent
    declaring = {path.parent for path in package.rglob("__init__.py") if "\nMODULE = " in path.read_text()}
    tables = {path.parent for path in package.rglob("models.py")}
    folders = [path.relative_to(package.parent) for path in sorted(declaring | tables)]
    found = {}
    for name in (".".join(folder.parts) for folder in folders):
        declared = import_module(name)
        listed = [declared.MODULE] if hasattr(declared, "MODULE") else declared.MODULES
        assert len(listed) == 1, f"{name} is one module"
        found[name] = listed[0]
    return found


def imported(path: Path) -> Iterator[str]:
    """The full names that a file imports."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{each.name}" for each in node.names)
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)


def owner(name: str, modules: Mapping[str, Module]) -> str | None:
    """The module that a name belongs to."""
    return next((each for each in modules if f"{name}.".startswith(f"{each}.")), None)


@WIRED
def test_every_module_is_listed_once(wiring: ModuleType) -> None:
    found = business_modules(wiring)
    unlisted = [name for name, module in found.items() if sum(each is module for each in wiring.MODULES) != 1]
    assert unlisted == []


@WIRED
def test_a_module_imports_only_those_that_are_listed_before_it(wiring: ModuleType) -> None:
    """`settings`, `tables` and what else is no module stand below all of them."""
    modules = business_modules(wiring)
    # By identity: routers that are not built yet are equal.
    listed = [id(module) for module in wiring.MODULES]
    places = {name: listed.index(id(module)) for name, module in modules.items()}
    package = Path(wiring.__file__ or "").parent
    upward = []
    for path in sorted(package.rglob("*.py")):
        name = ".".join(path.relative_to(package.parent).with_suffix("").parts)
        own = owner(name, modules)
        lists = path.name in ("wiring.py", "__main__.py") or (own is None and path.name == "__init__.py")
        place = len(places) if lists else places.get(own or "", -1)
        used = {found for each in imported(path) if (found := owner(each, modules))}
        upward += [f"{shown(path)} imports {each}" for each in used if each != own and places[each] > place]
    assert upward == []


def record_routers(service: Service) -> list[RecordRouter]:
    return [router for router in service.routers if isinstance(router, RecordRouter)]


@WIRED
def test_a_record_is_shown_as_an_event_to_those_who_may_read_it(wiring: ModuleType) -> None:
    for record in (router.record for router in record_routers(wiring.SERVICE)):
        kind = record.kind.name if record.kind else record.announced.declared.name if record.announced else None
        assert kind is None or EVENT_SCOPES[kind] == f"{record.scope}:read", record.name


def test_every_scope_is_declared_and_asked_for() -> None:
    asked = set(EVENT_SCOPES.values())
    for service in (crm.SERVICE, erp.SERVICE, GATEWAY):
        for described in operations(application(service)).values():
            asked |= set(chain.from_iterable(chain.from_iterable(each.values()) for each in described["security"]))
            asked |= set(described.get("x-field-scopes", {}).values())
    assert asked == set(SCOPES)
