"""The tables of models and samples, and the four places that show them."""

import pytest

from makemore.home import Home
from makemore.reporting import columns, text
from makemore.reporting.columns import Column, with_interval
from makemore.versions.store import find_version


@pytest.fixture(scope="module")
def version(published):
    return find_version(Home(published))


def test_report_card_and_terminal_show_every_column_and_cell(version):
    """All of them render the same specs. The run page in Prefect does too (tests/flows)."""
    tables = [columns.comparison(version), columns.sample_quality(version)]
    texts = {column.heading for table in tables for column in table.columns}
    texts |= {cell for table in tables for row in table.rows for cell in row}

    for shown in (version.report.read_text(), version.card.read_text(), text.comparison(version)):
        assert {expected for expected in texts if expected not in shown} == set()


def test_a_column_without_values_is_left_out(version, monkeypatch):
    """Without held-out names there is no nll on dev or test. A single missing value is a dash."""
    monkeypatch.setattr(
        columns,
        "COMPARISON",
        (
            Column("model", lambda row: row["model_type"]),
            Column("empty", lambda row: None),
            Column("bigram", lambda row: "yes" if row["model_type"] == "bigram" else None),
        ),
    )

    table = columns.comparison(version)

    assert [column.heading for column in table.columns] == ["model", "bigram"]
    assert sorted(table.rows) == sorted(
        [("bigram", "yes"), *((other, "–") for other, _ in table.rows if other != "bigram")]
    )


def test_the_best_model_has_no_difference(version):
    """The other models have one, with its interval."""
    table = columns.comparison(version)
    differences = [row[[column.heading for column in table.columns].index("Δ nll (test)")] for row in table.rows]

    assert differences[0] == "–"
    assert all(cell.startswith("+") and " to +" in cell for cell in differences[1:])
    assert with_interval(-0.5, -0.75, 0.25) == "-0.5000 (-0.7500 to +0.2500)"
