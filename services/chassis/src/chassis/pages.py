"""Lists in pages: keyset cursors, whitelisted sorting, and an error for unknown parameters.

    ORDERS = Sorting({"number": Order.number, "updated_at": Order.updated_at}, Order.id, "-updated_at")

    @router.get("", dependencies=[requires("orders:read")])
    async def list_orders(session: Session, paging: Paging, state: str | None = None) -> Page[OrderOut]:
        return await paging.page(session, queries.search(state), ORDERS, OrderOut.of)

A cursor holds the sort values and the id of the last row, so every page costs the same, and rows that are added or
removed between two pages neither repeat nor hide others. NULL sorts last in both directions.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, TypeVar

import orjson
from fastapi import Depends, Query, Request, Response
from fastapi.routing import APIRoute
from localisation import Phrase
from pydantic import BaseModel, Field, TypeAdapter, ValidationError, create_model
from sqlalchemy import ColumnElement, Row, Select, and_, false, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from chassis.auth import dependants
from chassis.errors import Malformed

Item = TypeVar("Item")
Column = InstrumentedAttribute[Any] | ColumnElement[Any]


class CursorInvalid(Malformed):
    code = "cursor-invalid"
    title = "The cursor is not valid for this list"
    hint = "Use `next` unchanged, with the same `sort`; or start again without a cursor."


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next` is the address of the following one, null on the last."""

    items: list[Item]
    next: str | None = None
    next_cursor: str | None = Field(default=None, description="The `cursor` of the following page.")
    total: int | None = Field(default=None, description="With `count=exact`: the number of items on all pages.")

    if not TYPE_CHECKING:

        @classmethod
        def __class_getitem__(cls, item: Any) -> type[BaseModel]:
            return cls if isinstance(item, TypeVar) else _page_of(item)


@cache
def _page_of(item: type[BaseModel]) -> type[BaseModel]:
    """A model that the API's document names `CustomerPage`: pydantic's own name is `Page_CustomerOut_`."""
    items: Any = list[item]  # type: ignore[valid-type]  # The type is a value here.
    stem = item.__name__.removesuffix("Read").removesuffix("Out")
    return create_model(f"{stem}Page", __base__=Page, __doc__=Page.__doc__, items=items)


@dataclass(frozen=True)
class Sorting:
    """The sort options of a list: names to columns, the unique id as the last key, the default order."""

    columns: Mapping[str, Column]
    id: Column
    default: str

    def keys(self, order: str | None) -> list["Key"]:
        """The sort keys of `-updated_at,name`, the id last. Raises `Malformed` for an unknown name."""
        names = (order or self.default).split(",")
        wanted = [(name.strip().removeprefix("-"), name.strip().startswith("-")) for name in names]
        if unknown := sorted({name for name, _ in wanted} - self.columns.keys()):
            allowed = ", ".join(sorted(self.columns))
            message = Phrase("unknown: {unknown}; allowed: {allowed}", unknown=", ".join(unknown), allowed=allowed)
            raise Malformed(errors=[{"field": "sort", "code": "choice", "message": message}])
        chosen = dict(reversed(wanted))
        keys = [Key(self.columns[name], chosen[name]) for name in dict.fromkeys(name for name, _ in wanted)]
        return [*keys, Key(self.id, wanted[0][1])]


@dataclass(frozen=True)
class Key:
    """One column of an order, with its direction."""

    column: Column
    descending: bool

    @property
    def nullable(self) -> bool:
        return bool(getattr(self.column, "nullable", True))

    def order(self) -> ColumnElement[Any]:
        """NULLS LAST is set only for a nullable column: indexes have the plain form."""
        ordered = self.column.desc() if self.descending else self.column.asc()
        return ordered.nulls_last() if self.nullable else ordered

    def after(self, value: Any) -> ColumnElement[bool]:
        if value is None:
            return false()
        beyond = self.column < value if self.descending else self.column > value
        return or_(beyond, self.column.is_(None)) if self.nullable else beyond

    def same(self, value: Any) -> ColumnElement[bool]:
        return and_(self.column.is_(None) if value is None else self.column == value)

    def bound(self, value: Any) -> ColumnElement[bool]:
        """Implied by the other conditions; a single range condition that an index can use."""
        if value is None or self.nullable:
            return true()
        return and_(self.column <= value if self.descending else self.column >= value)


def behind(keys: Sequence[Key], values: Sequence[Any]) -> ColumnElement[bool]:
    """Rows after these values: larger in the first key, or equal there and larger in the next, ..."""
    found: ColumnElement[bool] = false()
    for key, value in reversed(list(zip(keys, values, strict=True))):
        found = or_(key.after(value), and_(key.same(value), found))
    return and_(keys[0].bound(values[0]), found)


def _encode(order: str, values: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([order, list(values)], default=str)).decode().rstrip("=")


def _decode(cursor: str, order: str, keys: Sequence[Key]) -> list[Any]:
    try:
        sort, values = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
        if sort != order or len(values) != len(keys):
            raise CursorInvalid(detail="The cursor belongs to another sort order.")
        return [
            None if value is None and key.nullable else TypeAdapter(key.column.type.python_type).validate_python(value)
            for key, value in zip(keys, values, strict=True)
        ]
    except (ValueError, TypeError, binascii.Error, ValidationError):
        raise CursorInvalid(detail="The cursor is invalid.") from None


Limit = Annotated[int, Query(ge=1, le=200, description="The number of items of one page.")]
Cursor = Annotated[str | None, Query(max_length=4000, description="The `next_cursor` of the last page.")]
Count = Annotated[Literal["none", "exact"], Query(description="`exact` answers `total`; it counts all matching rows.")]


async def _number_of(session: AsyncSession, statement: Select[Any]) -> int:
    found = statement.order_by(None).subquery()
    return (await session.execute(select(func.count()).select_from(found))).scalar_one()


@dataclass(frozen=True)
class PageRequest:
    """The parameters of one page."""

    request: Request
    response: Response
    limit: int
    cursor: str | None
    sort: str | None
    count: Literal["none", "exact"]

    async def page(
        self,
        session: AsyncSession,
        statement: Select[Any],
        sorting: Sorting,
        shape: Callable[[Row[Any]], Item],
    ) -> Page[Item]:
        """Run `statement` for this page and convert its rows; columns added at the end hold the keys."""
        order = self.sort or sorting.default
        keys = sorting.keys(order)
        total = await _number_of(session, statement) if self.count == "exact" else None
        if self.cursor is not None:
            statement = statement.where(behind(keys, _decode(self.cursor, order, keys)))
        statement = statement.add_columns(*(key.column.label(f"_key_{n}") for n, key in enumerate(keys)))
        rows = (await session.execute(statement.order_by(*(key.order() for key in keys)).limit(self.limit + 1))).all()
        items = [shape(row) for row in rows[: self.limit]]
        self.request.app.state.viewers.see(session, self.request.scope["route"].path, len(items))
        if len(rows) <= self.limit:
            return Page(items=items, total=total)
        cursor = _encode(order, list(rows[self.limit - 1])[-len(keys) :])
        return Page(items=items, next=self._link(cursor), next_cursor=cursor, total=total)

    def _link(self, cursor: str) -> str:
        url = self.request.url.include_query_params(cursor=cursor)
        following = f"{url.path}?{url.query}"
        self.response.headers["Link"] = f'<{following}>; rel="next"'
        return following


def _paged(sort_parameter: Any) -> Any:
    """The dependency behind `Paging`; FastAPI would run one that is not async in a thread."""

    async def paged(
        request: Request,
        response: Response,
        limit: Limit = 50,
        cursor: Cursor = None,
        sort: sort_parameter = None,
        count: Count = "none",
    ) -> PageRequest:
        return PageRequest(request, response, limit, cursor, sort, count)

    return Depends(paged)


Paging = Annotated[PageRequest, _paged(Annotated[str | None, Query(max_length=200, examples=["-updated_at,name"])])]


def sorted_by(sorting: Sorting) -> Any:
    """The same, with a `sort` that lists its values in the API's document."""
    names = "|".join(sorting.columns)
    listed = {"pattern": f"^-?({names})(,-?({names}))*$"}
    described = (
        f"Names, `-` before one for descending order: {', '.join(sorting.columns)}. `{sorting.default}` if empty."
    )
    return _paged(Annotated[str | None, Query(max_length=200, description=described, json_schema_extra=listed)])


async def known_parameters_only(request: Request) -> None:
    """Dependency of every route: refuses unknown query parameters, and lists the known ones."""
    route = request.scope.get("route")
    if not request.scope["query_string"] or not isinstance(route, APIRoute):
        return
    kept: dict[str, Any] = vars(route)
    allowed: frozenset[str] = kept.get("known_parameters") or kept.setdefault("known_parameters", _parameters(route))
    inside = tuple(f"{each['name']}." for each in (route.openapi_extra or {}).get("parameters", ()))
    if unknown := sorted(name for name in request.query_params.keys() - allowed if not name.startswith(inside)):
        known = ", ".join(sorted(allowed))
        unlisted = Phrase("unknown parameter; known are: {known}", known=known)
        message = unlisted if allowed else "unknown parameter; this address has no parameters"
        raise Malformed(errors=[{"field": name, "code": "unknown-parameter", "message": message} for name in unknown])


def _parameters(route: APIRoute) -> frozenset[str]:
    names: set[str] = set()
    for field in (field for each in dependants(route.dependant) for field in each.query_params):
        shape = field.field_info.annotation
        if isinstance(shape, type) and issubclass(shape, BaseModel):
            names |= {inner.alias or name for name, inner in shape.model_fields.items()}
        else:
            names.add(field.alias)
    return frozenset(names)
