"""Figures that are no records as a CSV file: the same cells and guards as those of an export."""

import csv
from collections.abc import Sequence
from io import StringIO
from typing import Any

from fastapi import Response
from pydantic import BaseModel

from records.cells import columns_of

CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}}}
}
"""The declaration of a route that answers a CSV file, for the API's document."""


def as_csv(name: str, shape: type[BaseModel], items: Sequence[BaseModel]) -> Response:
    """The items as a file, one row for each; texts are guarded against formulas."""
    columns, written = columns_of(shape), StringIO()
    rows = csv.writer(written, lineterminator="\r\n")
    rows.writerow([each.path for each in columns])
    documents = [each.model_dump(mode="json") for each in items]
    rows.writerows([[each.text(document) for each in columns] for document in documents])
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(written.getvalue().encode(), media_type="text/csv", headers=headers)
