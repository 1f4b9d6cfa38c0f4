"""The README shows the policies as the tables of kinds declare them."""

from pathlib import Path

from contracts.kinds.shown import policies_table

README = Path(__file__).parents[3] / "README.md"


def test_the_readme_shows_the_policies_of_the_tables() -> None:
    text = README.read_text(encoding="utf-8")
    assert policies_table() in text, f"Replace the table below 'Who wins' of the README by:\n{policies_table()}"
