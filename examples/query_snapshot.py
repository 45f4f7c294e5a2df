"""Query a published version in SQL, with duckdb only.

    python examples/query_snapshot.py artifacts

A home, such as artifacts, stands for its champion; artifacts/versions/VERSION selects a version. The program does not
import makemore. docs/reference/relations.md describes each table, with more queries.
"""

import json
import sys
from pathlib import Path

import duckdb

QUESTIONS = {
    "Which tables exist?": "select table_name, estimated_size as rows from duckdb_tables() order by table_name",
    "How good is each model? (mean nll, nats a character)": """
        select model_type, split, round(nll, 4) as nll
        from metrics
        where version = $version
        order by split, nll
    """,
    "Which characters attract each other most?": """
        select ch1, ch2, count, round(lift, 1) as lift
        from bigram_probs
        where ch1 <> '.' and ch2 <> '.' and count >= 20
        order by lift desc
        limit 5
    """,
    "Which names have the highest surprisal?": """
        select name, round(nll, 2) as nll
        from name_nll
        order by nll desc, name
        limit 5
    """,
    "Which new sampled names have the lowest surprisal?": """
        select model_type, name, round(nll, 2) as nll
        from samples
        where is_new and length(name) between 4 and 8
        order by nll, name
        limit 5
    """,
}


def version_of(path: Path) -> Path:
    """Return the champion of a home; a version is returned unchanged."""
    if not (path / "registry.json").exists():
        return path
    return path / "versions" / json.loads((path / "registry.json").read_text(encoding="utf-8"))["champion"]["version"]


def main() -> None:
    """Print the answer to each question."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    version = version_of(Path(sys.argv[1]))
    # Read-only: queries cannot change the version, and any number of readers can open it.
    with duckdb.connect(version / "stats.duckdb", read_only=True) as con:
        for question, select in QUESTIONS.items():
            bound = {"version": version.resolve().name} if "$version" in select else None
            print(question, con.sql(select, params=bound), sep="\n")


if __name__ == "__main__":
    main()
