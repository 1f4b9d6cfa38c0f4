"""A template of a tenant reaches no file and no network, and ends in a bounded time."""

from typing import Any

import pytest
from documents import sandbox
from documents.sandbox import TemplateFails, printed

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


def refused(template: str) -> str:
    with pytest.raises(TemplateFails) as caught:
        printed(template, DATA)
    (error,) = caught.value.facts["errors"]
    assert error["field"] == "source"
    return str(error["message"])


def test_the_functions_and_the_data_of_our_letters_are_there() -> None:
    plain, letter = printed("Hello", DATA), printed(f"{START}#show: letter.with(data)\n#data.sender.name", DATA)
    assert plain.startswith(b"%PDF") and letter.startswith(b"%PDF")
    assert letter != plain


@pytest.mark.parametrize(
    "template", ['#read("/etc/passwd")', '#read("../../etc/passwd")', '#image("/etc/hosts")', '#plugin("/a.wasm")']
)
def test_no_file_is_read(template: str) -> None:
    assert any(each in refused(template) for each in ("not found", "escape the project root"))


def test_no_package_is_fetched() -> None:
    assert "package" in refused('#import "@preview/cetz:0.3.1": *')


def test_an_error_names_the_line_of_the_template() -> None:
    assert refused("One\n\n#nobody") == "line 3: unknown variable: nobody"


@pytest.mark.parametrize("template", [SLOW, "#range(100000000).map(each => str(each) * 10).join()"])
def test_time_and_memory_are_bounded(template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "CPU_SECONDS", 1)
    assert "needs more than" in refused(template)
