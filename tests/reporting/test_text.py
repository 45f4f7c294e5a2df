"""Terminal text: decisions, tables and names."""

import polars as pl
import pytest

from makemore.reporting.text import ROWS, aligned, decision, in_columns, table
from makemore.versions.registry import Promotion

AT = "2026-11-22T02:00:00Z"


@pytest.mark.parametrize(
    ("promotion", "text"),
    [
        (
            Promotion("new", "ngram", AT, "promoted", reasons=("no champion before",)),
            "Promoted to champion (model: ngram). Reason: no champion before",
        ),
        (
            Promotion("new", "gru", AT, "refused", against="old", reasons=("nll is higher", "copy rate is 0.2")),
            "Refused (model: gru); champion stays old. To promote it anyway: `makemore promote new`. Reasons:\n"
            "  nll is higher\n"
            "  copy rate is 0.2",
        ),
    ],
)
def test_a_decision_states_the_champion_and_the_reasons(promotion, text):
    """A single reason is on the same line."""
    assert decision(promotion) == text


def test_cells_are_aligned_by_column():
    """The first column is left-aligned by default."""
    assert aligned([["a", "b", "c"], ["long", "1.5", "x"]]) == ["a       b  c", "long  1.5  x"]
    assert aligned([["a", "b"], ["1", "long"]], left=(0, 1)) == ["a  b", "1  long"]


def test_a_long_table_has_a_hint():
    """It shows the first and the last rows."""
    shown = table(pl.DataFrame({"n": range(1000, 1000 + ROWS + 1)}))

    assert "1000" in shown
    assert "1050" in shown
    assert f"{ROWS + 1} rows. hint:" in shown
    assert "hint" not in table(pl.DataFrame({"n": range(ROWS)}))


def test_names_fill_the_width_of_the_terminal(monkeypatch):
    """A name that is wider than the terminal has its own line."""
    monkeypatch.setenv("COLUMNS", "14")

    assert in_columns(["ann", "olivia", "bo"]) == "ann\nolivia\nbo"
    assert in_columns(["ann", "eve", "bo"]) == "ann  eve\nbo"
    assert in_columns([]) == ""
