"""`python -m documents.confined`: compile one template from standard input, without files and connections.

Input: JSON with `template`, `data`, `dated` and `cpu_seconds`. Output: the PDF, or JSON with the `message` of Typst.
"""

import re
import resource
import sys
from contextlib import suppress
from datetime import date

import orjson
import typst

from documents.pdf import page, pdf
from documents.sandbox import MEMORY_BYTES

EVERYTHING = "#let data = json(bytes(sys.inputs.data))\n#show: letter.with(data)\n#repr(data)"
PLACE = re.compile(r"\.typ:(\d+):\d+")


def main() -> None:
    """Read, give up all rights, compile, write."""
    asked = orjson.loads(sys.stdin.buffer.read())
    data, dated = asked["data"], date.fromisoformat(asked["dated"]) if asked["dated"] else None
    with suppress(typst.TypstError):
        pdf(EVERYTHING, data, dated)  # Loads the fonts for the letters of the data.
    _give_up_rights(asked["cpu_seconds"])
    try:
        answer = pdf(asked["template"], data, dated)
    except typst.TypstError as error:
        answer = orjson.dumps({"message": _message(error)})
    sys.stdout.buffer.write(answer)


def _give_up_rights(cpu_seconds: int) -> None:
    for limit, value in (
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(limit, (value, value))


def _message(error: typst.TypstError) -> str:
    """What is wrong, and in which line of the tenant's own part."""
    texts = [error.message, *error.hints]
    if place := PLACE.search(error.diagnostic):
        line = int(place[1]) - page().count(b"\n")
        texts = [f"line {line}: {texts[0]}", *texts[1:]] if line > 0 else texts
    return "; ".join(texts)[:500]


if __name__ == "__main__":
    main()
