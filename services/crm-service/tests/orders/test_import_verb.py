"""`python -m crm import orders`, as its users call it."""

from pathlib import Path
from uuid import uuid4

import pytest
from crm.__main__ import verbs
from typer.testing import CliRunner, Result

pytestmark = pytest.mark.servers


@pytest.fixture
def folder(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATABASE_URL", address)
    (tmp_path / "firms.csv").write_text("customer_id,company\nALFKI,Alfreds\n", encoding="utf-8")
    (tmp_path / "things.csv").write_text("product_id,title\n11,Queso\n", encoding="utf-8")
    (tmp_path / "orders.csv").write_text("order_id,customer_id\n1,ALFKI\n2,ALFKI\n", encoding="utf-8")
    (tmp_path / "lines.csv").write_text(
        "order_id,product_id,unit_price,quantity\n1,11,14,12\n2,12,14,12\n", encoding="utf-8"
    )
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(verbs, ["import", *arguments])


def test_an_order_and_its_lines_come_from_two_files_in_one_run(folder: Path) -> None:
    common = ("--source", "shop", "--tenant", str(uuid4()), "--key")
    run("customers", str(folder / "firms.csv"), *common, "customer_id", "--columns", "company=name")
    run("products", str(folder / "things.csv"), *common, "product_id", "--columns", "title=name")
    lines = ("--lines", str(folder / "lines.csv"), "--set", "currency=USD", "--set", "submit=true")
    outcome = run("orders", str(folder / "orders.csv"), *common, "order_id", *lines)
    assert "2 rows: 1 created, 0 updated, 0 unchanged, 1 rejected." in outcome.output
    assert "line 3: The row refers to a record that does not exist. Nothing with the key 12" in outcome.output


@pytest.mark.parametrize(
    ("target", "options", "sentence"),
    [
        ("orders", (), "Name the column that joins both files: --key order_id."),
        ("customers", ("--columns", "order_id=name"), "These rows have no lines: omit --lines."),
        ("orders", ("--set", "currency"), "--set currency has no value: write --set currency=..."),
        ("orders", ("--key", "order_id", "--line-columns", "sku=product_id"), "There is no column sku."),
    ],
)
def test_options_that_make_no_sense_end_with_a_sentence(
    folder: Path, target: str, options: tuple[str, ...], sentence: str
) -> None:
    outcome = run(target, str(folder / "orders.csv"), "--lines", str(folder / "lines.csv"), *options)
    said = [each for each in outcome.output.strip().splitlines() if " is read as " not in each]
    assert (outcome.exit_code, said[0].startswith(sentence)) == (1, True), outcome.output
