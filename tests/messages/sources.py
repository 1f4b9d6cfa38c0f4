"""All texts of the code that can be translated, with the places where they are."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import crm.wiring
import erp.wiring
import gateway.wiring
from chassis.errors import Problem
from chassis.service import Service
from contracts.scopes import SCOPES
from localisation import Counted
from localisation.field_words import TYPES
from localisation.labels import CONTEXT
from meta.records import SIGNS, VERB
from meta.routes import document
from meta.schemas import FieldMeta, Meta
from records import RecordRouter

ROOT = Path(__file__).parents[2]
SOURCES = ("contracts/src", "services/chassis/src", "services/crm-service/src", "services/erp-service/src",
           "services/sync-gateway/src")  # fmt: skip
SERVICES: tuple[Service, ...] = (crm.wiring.SERVICE, erp.wiring.SERVICE, gateway.wiring.SERVICE)
POSITIONS = {"Phrase": 0, "refuse": 1, "unreadable": 0, "FileRefused": 0, "_wrong": 2, "_error": 2}
"""Functions that are given a text, and its position among their arguments."""

NAMES = {"detail", "hint", "message"}
"""Arguments, variables and members that hold a text."""


NOT_SHOWN = {"migrations", "migrating", "localisation", "merge", "verb.py", "deliveries"}
"""Sources whose texts no caller of the APIs gets."""


class Source(NamedTuple):
    """A text, its plural when it is counted, its context, and where it is."""

    text: str
    plural: str | None
    context: str | None
    place: str


@cache
def sources() -> list[Source]:
    """Every text once, with its first place."""
    found: dict[tuple[str, str | None], Source] = {}
    for each in [*_problems(), *_validation(), *_literals(), *_labels()]:
        found.setdefault((each.text, each.context), each)
    return sorted(found.values(), key=lambda each: (each.context or "", each.place, each.text))


def _source(text: str, place: str) -> Source:
    if isinstance(text, Counted):
        return Source(text.one, str(text), None, place)
    return Source(text, None, None, place)


def _problems() -> Iterator[Source]:
    """Those of the sources; tests declare others."""
    modules: set[str] = set()
    for folder in SOURCES:
        for package in sorted(each.name for each in (ROOT / folder).iterdir() if (each / "__init__.py").exists()):
            for module in pkgutil.walk_packages([str(ROOT / folder / package)], f"{package}."):
                if not {"__main__", "migrating", "migrations", "testing"} & set(module.name.split(".")):
                    modules.add(importlib.import_module(module.name).__name__)
    seen: set[type[Problem]] = set()
    every: list[type[Problem]] = [Problem, *_below(Problem)]
    for problem in every:
        if problem in seen or problem.__module__ not in modules:
            continue
        seen.add(problem)
        for name in ("title", "detail", "hint"):
            if _has_words(vars(problem).get(name) or ""):
                yield _source(vars(problem)[name], f"{problem.__module__}.{problem.__name__}.{name}")


def _below(problem: type[Problem]) -> Iterator[type[Problem]]:
    for each in problem.__subclasses__():
        yield each
        yield from _below(each)


def _validation() -> Iterator[Source]:
    for _, sentence in TYPES.values():
        yield _source(sentence, "localisation.field_words")


def _literals() -> Iterator[Source]:
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if NOT_SHOWN & set(path.parts):
                continue
            place = ".".join(path.relative_to(ROOT / folder).with_suffix("").parts)
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "Counted":
                    one, many = (ast.literal_eval(each) for each in node.args)
                    yield Source(one, many, None, place)
                for value in _texts(node):
                    for each in (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,):
                        if isinstance(each, ast.Constant) and isinstance(each.value, str) and _has_words(each.value):
                            yield Source(each.value, None, None, place)


def _has_words(text: str) -> bool:
    """Whether there is anything to translate beside placeholders."""
    return " " in text.strip() and bool(re.search(r"[A-Za-z]{2}", re.sub(r"{[^}]*}", "", text)))


def _texts(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func).rpartition(".")[2]
        if called in POSITIONS and len(node.args) > POSITIONS[called]:
            yield node.args[POSITIONS[called]]
        if called[:1].isupper():
            yield from (each.value for each in node.keywords if each.arg in NAMES)
    elif isinstance(node, ast.Assign):
        yield from (node.value for each in node.targets if isinstance(each, ast.Name) and each.id in NAMES)
    elif isinstance(node, ast.Dict):
        members = zip(node.keys, node.values, strict=True)
        yield from (value for key, value in members if isinstance(key, ast.Constant) and key.value in NAMES)


def _labels() -> Iterator[Source]:
    """The labels of `GET /v1/meta`: in English, a label is its own source."""
    for service in SERVICES:
        served = [router for router in service.routers if isinstance(router, RecordRouter)]
        yield from _labels_of(document(served, "en", frozenset(SCOPES), ()), service.name)


def _labels_of(meta: Meta, service: str) -> Iterator[Source]:
    for record in meta.records:
        place = f"{service}.{record.name}"
        for verb in record.verbs:
            yield Source(verb.label, None, VERB, place)
        filters = [each for each in record.filters if each.label[-1:] not in SIGNS.values()]
        plain: list[Any] = [*filters, *record.sort, *(record.states or ())]
        listed = [*plain, *(value for each in record.filters for value in each.values or ())]
        for text in (record.label, record.label_plural, *(each.label for each in listed)):
            yield Source(text, None, CONTEXT, place)
        for field in record.fields:
            yield from (Source(text, None, CONTEXT, place) for text in _of_field(field))


def _of_field(field: FieldMeta) -> Iterator[str]:
    yield field.label
    yield from (each.label for each in field.values or ())
    for inner in field.fields or ():
        yield from _of_field(inner)
