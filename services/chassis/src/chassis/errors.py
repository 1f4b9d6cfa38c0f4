"""Errors as answers: a small family decides the status, RFC 9457 problem documents say what to do next.

A business error is a subclass with a code of its own; its facts are attributes and members of the document:

    class CreditExceeded(Conflict):
        code = "credit-exceeded"
        title = "The credit limit is exceeded"
        detail = "The limit is {limit}; this order would need {wanted}."
        hint = "Ask the account manager for a higher limit, or make the order smaller."

    raise CreditExceeded(limit=limit, wanted=wanted)

This module contains the only table of statuses. Only the edge (`chassis.edge`) converts errors into answers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import orjson
from localisation import Counted, Phrase, translated
from localisation.texts import filled
from pydantic import BaseModel

MEDIA_TYPE = "application/problem+json"
CATALOGUE: dict[str, type["Problem"]] = {}
TEXTS = {"detail", "hint"}


class Problem(Exception):
    """An error that is shown to the caller. `detail` and `hint`: templates over the facts, or given when raised.

    The document is in the language of the request, the log in English. A fact must not have the name of another
    member of the problem (`status`, `document`): that raises `TypeError`.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "An internal error occurred"
    part: ClassVar[str | None] = None
    """Which field of a line it is about, when it is about a line."""
    detail: str = ""
    hint: str = "Try again; if the error remains, report the correlation id."

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.title)
        self.headers: dict[str, str] = {}
        self.facts = {name: value for name, value in facts.items() if name not in TEXTS}
        if taken := [name for name in self.facts if hasattr(self, name)]:
            raise TypeError(f"{type(self).__name__} already uses the name {', '.join(taken)}: rename the fact")
        vars(self).update(facts)

    def __init_subclass__(cls) -> None:
        known = CATALOGUE.setdefault(cls.code, cls)
        if "code" in vars(cls) and _place(known) != _place(cls) and _package(known) in (_package(cls), __package__):
            raise TypeError(f"the problem code {cls.code!r} is already used by {known.__module__}.{known.__qualname__}")

    def __str__(self) -> str:
        return f"{self.title}. {self._text('detail', filled)}".strip()

    def _text(self, name: str, fill: Callable[[str, Mapping[str, Any]], str] = translated) -> str:
        """Templates of the class are filled with the facts; a text given when raised is used unchanged."""
        template: str = getattr(self, name)
        if name not in vars(self):
            return fill(template, self.facts)
        return template if fill is filled else translated(template)

    def _errors(self, message: str) -> list[dict[str, Any]]:
        """The errors by field: as given, or for the `field` or the `fields` of the facts."""
        if "errors" in self.facts:
            errors = self.facts["errors"]
            return [{"code": "invalid", **each, "message": translated(each["message"])} for each in errors]
        fields = self.facts.get("fields") or [self.facts.get("field")]
        return [{"field": each, "code": self.code, "message": message} for each in fields if isinstance(each, str)]

    def point_to(self, line: str) -> None:
        """Say which line of the request it is about, `lines[2]`, unless a field was named already."""
        if not self.facts.keys() & {"field", "fields", "errors"}:
            self.facts["field"] = f"{line}.{self.part}" if self.part else line

    @classmethod
    def entry(cls) -> dict[str, Any]:
        """The catalogue's entry for this problem; names of facts are in braces."""
        title, detail, hint = (translated(each) if each else each for each in (cls.title, cls.detail, cls.hint))
        return {"type": f"/problems/{cls.code}", "title": title, "status": cls.status, "detail": detail, "hint": hint}

    def document(self, correlation_id: str | None = None) -> dict[str, Any]:
        """The RFC 9457 document, ready for JSON."""
        texts = {"detail": self._text("detail"), "hint": self._text("hint")}
        facts = {name: translated(fact) if isinstance(fact, Phrase) else fact for name, fact in self.facts.items()}
        members = {**facts, **self.entry(), **texts, "correlation_id": correlation_id}
        if errors := self._errors(texts["detail"] or members["title"]):
            members["errors"] = errors
        shown = {name: value for name, value in members.items() if value or name in self.facts}
        plain: dict[str, Any] = orjson.loads(orjson.dumps(shown, default=_plain))
        return plain


CATALOGUE[Problem.code] = Problem


@contextmanager
def about(line: str) -> Iterator[None]:
    """Let a problem that the block raises name the line of the request that the block is about."""
    try:
        yield
    except Problem as problem:
        problem.point_to(line)
        raise


@contextmanager
def about_one_of(name: str, ids: Iterable[object]) -> Iterator[None]:
    """The same for a block about all lines: it is the line of whose id a fact of the problem is."""
    places = {str(each): f"{name}[{number}]" for number, each in enumerate(ids)}
    try:
        yield
    except Problem as problem:
        if line := next((places[str(fact)] for fact in problem.facts.values() if str(fact) in places), None):
            problem.point_to(line)
        raise


def _place(problem: type[Problem]) -> tuple[str, str]:
    return problem.__module__, problem.__qualname__


def _package(problem: type[Problem]) -> str:
    """Two services may define an error of the same code: only tests import both."""
    return problem.__module__.partition(".")[0]


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else str(value)


class Malformed(Problem):
    """The request is malformed; `errors` lists each invalid field with the reason."""

    status = 422
    code = "malformed"
    title = "The request is malformed"
    hint = "Correct the fields listed in `errors` and send it again."


class NotFound(Problem):
    status = 404
    code = "not-found"
    title = "The record does not exist"
    hint = "Check the id; the list of the collection shows the existing records."


class NoSuchAddress(NotFound):
    code = "no-such-address"
    title = "There is no such address"
    hint = "Open /docs: it lists every address of this service."


class MethodNotAllowed(Problem):
    status = 405
    code = "method-not-allowed"
    title = "This address does not support the method"
    hint = "Use one of the methods in the `Allow` header."


class Unauthenticated(Problem):
    status = 401
    code = "unauthenticated"
    title = "The request carries no valid token"
    hint = "Send `Authorization: Bearer <token>` with a token of a trusted issuer that has not expired."


class Forbidden(Problem):
    status = 403
    code = "forbidden"
    title = "The token does not permit this"
    hint = "Ask for a token that carries the permission."


class Conflict(Problem):
    status = 409
    code = "conflict"
    title = "A rule or the current state forbids this"
    hint = "Read the current record, and decide again."


class Gone(Problem):
    status = 410
    code = "gone"
    title = "The requested data has been removed"
    hint = "Read the current data."


class PreconditionFailed(Problem):
    status = 412
    code = "precondition-failed"
    title = "A precondition of the request failed"
    hint = "Read the current record, and decide again."


class PreconditionRequired(Problem):
    status = 428
    code = "precondition-required"
    title = "The request must contain the version it changes"
    hint = "Read the record, and send its `ETag` as `If-Match`."


class TooLarge(Problem):
    status = 413
    code = "too-large"
    title = "The body is too large"
    hint = "Send less at once: split the batch."


class UnsupportedMediaType(Problem):
    status = 415
    code = "unsupported-media-type"
    title = "The media type is not accepted here"
    hint = "Send a media type that the documentation of this address names."


class RangeNotSatisfiable(Problem):
    status = 416
    code = "range-not-satisfiable"
    title = "The content does not have this range"
    detail = Counted("It has {size_bytes} byte.", "It has {size_bytes} bytes.", by="size_bytes")
    hint = "Ask for a range inside of it, or for the whole without `Range`."


class TooSlow(Problem):
    status = 408
    code = "too-slow"
    title = "The body did not arrive in time"
    hint = "Send the request again over a faster connection, or in smaller parts."


class Misdirected(Problem):
    status = 421
    code = "misdirected"
    title = "This service does not serve that host"
    detail = "The request names the host {host}."
    hint = "Use the address of the service; its operator declares further hosts in ALLOWED_HOSTS."


class Unavailable(Problem):
    """A required resource is unavailable; the same request may succeed later."""

    status = 503
    code = "unavailable"
    title = "The service cannot do this right now"
    hint = "Send the same request again later."

    def __init__(self, *, retry_after_seconds: int = 1, **facts: Any) -> None:
        super().__init__(**facts)
        self.headers["Retry-After"] = str(retry_after_seconds)
