"""A Typst template and its data become a PDF."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from functools import lru_cache
from importlib.resources import files
from typing import Any

import orjson
import typst


def pdf(template: str, data: Mapping[str, Any], dated: date | None = None) -> bytes:
    """The PDF (PDF/A-2b, for archives) of a template that reads `json(bytes(sys.inputs.data))`.

    If no font on this machine has a letter of the data, the result is a plain PDF that shows a box in its place,
    because PDF/A does not permit that. Texts are data, never markup. The template has the functions of `page.typ`: the
    letter, tables and sums of all our documents. The same data and the same date of the document (`dated`) give the
    same bytes. Compiling takes some tens of milliseconds of processor time: call it in a thread.
    """
    source, inputs = page() + template.encode(), {"data": orjson.dumps(data).decode()}
    timestamp = datetime.combine(dated, time(), UTC) if dated and dated.year >= FIRST_YEAR else None
    try:
        return _compiled(source, inputs, timestamp, archive=True)
    except typst.TypstError as error:
        if "could not be displayed" not in str(error):
            raise
        return _compiled(source, inputs, timestamp, archive=False)


def _compiled(source: bytes, inputs: dict[str, str], timestamp: datetime | None, *, archive: bool) -> bytes:
    return typst.compile(
        source,
        format="pdf",
        font_paths=fonts(),
        sys_inputs=inputs,
        pdf_standards=["a-2b"] if archive else [],
        timestamp=timestamp,
    )


FIRST_YEAR = 1970
"""The first year that a PDF's timestamp can have."""


@lru_cache(maxsize=1)
def page() -> bytes:
    """The functions that stand before every template."""
    return files("documents").joinpath("page.typ").read_bytes()


@lru_cache(maxsize=1)
def fonts() -> typst.Fonts:
    """The fonts of this machine, as fallbacks for scripts that ours do not contain. Cached, because finding them takes
    longer than compiling."""
    return typst.Fonts()
