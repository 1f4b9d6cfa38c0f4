"""A template of a tenant reaches no file and no network, and ends in a bounded time."""

import asyncio
from typing import Any

import pytest
from chassis.testing import OTHER_TENANT, TENANT
from documents import sandbox
from documents.sandbox import MOST_ASKED, TemplateFails, TemplatesBusy, printed

DATA: dict[str, Any] = {
    "language": "en",
    "region": None,
    "title": "Quote",
    "page_label": "",
    "sender": {"name": "北京", "lines": [], "details": []},
    "recipient": [],
    "facts": [],
}
START = "#let data = json(bytes(sys.inputs.data))\n"
SLOW = "#let f(n, k) = if n < 2 { k } else { f(n - 1, k + 1) + f(n - 2, k * 2) }\n#f(40, 1)"


async def refused(template: str) -> str:
    with pytest.raises(TemplateFails) as caught:
        await printed(TENANT, template, DATA)
    (error,) = caught.value.facts["errors"]
    assert error["field"] == "source"
    return str(error["message"])


async def test_the_functions_and_the_data_of_our_letters_are_there() -> None:
    plain = await printed(TENANT, "Hello", DATA)
    letter = await printed(TENANT, f"{START}#show: letter.with(data)\n#data.sender.name", DATA)
    assert plain.startswith(b"%PDF") and letter.startswith(b"%PDF")
    assert letter != plain


@pytest.mark.parametrize(
    "template", ['#read("/etc/passwd")', '#read("../../etc/passwd")', '#image("/etc/hosts")', '#plugin("/a.wasm")']
)
async def test_no_file_is_read(template: str) -> None:
    message = await refused(template)
    assert any(each in message for each in ("not found", "escape the project root"))


async def test_no_package_is_fetched() -> None:
    assert "package" in await refused('#import "@preview/cetz:0.3.1": *')


async def test_an_error_names_the_line_of_the_template() -> None:
    assert await refused("One\n\n#nobody") == "line 3: unknown variable: nobody"


@pytest.mark.parametrize("template", [SLOW, "#range(100000000).map(each => str(each) * 10).join()"])
async def test_time_and_memory_are_bounded(template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "CPU_SECONDS", 1)
    assert "needs more than" in await refused(template)


async def test_a_tenant_that_prints_much_is_refused_and_others_print() -> None:
    many = [printed(TENANT, "Hello", DATA) for _ in range(MOST_ASKED + 1)]
    *found, other = await asyncio.gather(*many, printed(OTHER_TENANT, "Hello", DATA), return_exceptions=True)
    assert [each for each in found if isinstance(each, TemplatesBusy)] == found[MOST_ASKED:]
    assert all(isinstance(each, bytes) for each in (*found[:MOST_ASKED], other))
