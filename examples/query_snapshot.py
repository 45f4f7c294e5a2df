"""Ask a published version questions in SQL, with duckdb alone.

    python examples/query_snapshot.py artifacts

Of a home, such as artifacts, the version that serves is asked; artifacts/versions/VERSION is one of your choice.
Nothing of makemore is imported. docs/reference/relations.md says what each table holds, with more queries.
"""

import json
import sys
from pathlib import Path

import duckdb

QUESTIONS = {
    "What lies in the snapshot?": "select table_name, estimated_size as rows from duckdb_tables() order by table_name",
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
    "Which names are the most surprising?": """
        select name, round(nll, 2) as nll
        from name_nll
        order by nll desc, name
        limit 5
    """,
    "Which sampled names are new and the least surprising?": """
        select model_type, name, round(nll, 2) as nll
        from samples
        where is_new and length(name) between 4 and 8
        order by nll, name
        limit 5
    """,
}


def serving(path: Path) -> Path:
    """The version of a home that serves; the same path if it is one of a version."""
    if not (path / "registry.json").exists():
        return path
    return path / "versions" / json.loads((path / "registry.json").read_text(encoding="utf-8"))["champion"]["version"]


def main() -> None:
    """Print the answer to each question."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    version = serving(Path(sys.argv[1]))
    # Read-only: nothing here can change the version, and any number of readers may have it open.
    with duckdb.connect(version / "stats.duckdb", read_only=True) as con:
        for question, select in QUESTIONS.items():
            bound = {"version": version.resolve().name} if "$version" in select else None
            print(question, con.sql(select, params=bound), sep="\n")


if __name__ == "__main__":
    main()
