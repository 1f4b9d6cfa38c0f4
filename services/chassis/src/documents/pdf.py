"""A Typst template and its data become a PDF."""

from collections.abc import Mapping
from typing import Any

import orjson
import typst


def pdf(template: str, data: Mapping[str, Any]) -> bytes:
    """The PDF of a template that reads its data by `json(bytes(sys.inputs.data))`. Texts are data, never markup.

    Compiling is pure processor time, some tens of milliseconds: call it in a thread.
    """
    return typst.compile(template.encode(), format="pdf", sys_inputs={"data": orjson.dumps(data).decode()})
