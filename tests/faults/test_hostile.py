"""Hostile files are ingested as far as they contain names, or refused in one line."""

import pytest

from makemore.database import connect
from makemore.home import Home, locked_home
from makemore.ingest.sources import expand
from makemore.options import IngestOptions
from makemore.pipeline.ingest import ingest
from tests.faults.hostile import GOOD, HOSTILE
from tests.faults.processes import sources


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name.encode("unicode_escape").decode())
def test_a_hostile_file_is_ingested_or_refused_without_effect_on_other_lists(tmp_path, hostile):
    """A refused file leaves no entry and no staging file, and its error is one short line."""
    home, path = tmp_path / "home", tmp_path / "lists" / hostile.name
    home.mkdir()
    path.parent.mkdir()
    hostile.make(path)
    good = tmp_path / "good.txt"
    good.write_text(GOOD.replace("Emma", "Ida"))

    def ingest_hostile():
        [uri] = expand([str(path)])
        return ingest(home, uri, IngestOptions(**hostile.options))

    # All connections of a process share an open database: opening it for each step takes a fifth of this test.
    with locked_home(home, "the test"), connect(Home(home).db):
        if hostile.refused:
            with pytest.raises((ValueError, OSError)) as error:
                ingest_hostile()
            assert hostile.refused in str(error.value)
            assert len(str(error.value)) < 400 + len(str(path))
            assert "\n" not in str(error.value).replace(hostile.name, "")
            assert sources(home) == {}
        else:
            ingested = ingest_hostile()
            assert (ingested.names, ingested.rejects) == (hostile.names, hostile.rejects)
        assert ingest(home, str(good), IngestOptions()).names == 3
    assert list(home.glob("staging/*")) == []


def test_there_are_at_least_forty_hostile_files():
    """Their names differ."""
    assert len({hostile.name for hostile in HOSTILE}) == len(HOSTILE) >= 40
