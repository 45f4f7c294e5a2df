"""Files that no list should be: taken in as far as they are names, or refused in a line; nothing half-done stays."""

import pytest

from makemore.home import locked_home
from makemore.ingest.sources import expand
from makemore.options import IngestOptions
from makemore.pipeline import ingest as intake
from tests.faults.hostile import GOOD, HOSTILE
from tests.faults.processes import sources


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name.encode("unicode_escape").decode())
def test_a_hostile_file_is_taken_in_or_refused_and_costs_others_nothing(tmp_path, hostile):
    """As many names and rejects as can be told by looking; what is refused is told in one short line."""
    home, path = tmp_path / "home", tmp_path / "lists" / hostile.name
    home.mkdir()
    path.parent.mkdir()
    hostile.make(path)
    good = tmp_path / "good.txt"
    good.write_text(GOOD.replace("Emma", "Ida"))

    def ingest():
        [uri] = expand([str(path)])
        return intake.ingest(home, uri, IngestOptions(**hostile.options))

    with locked_home(home, "the test"):
        if hostile.refused:
            with pytest.raises((ValueError, OSError)) as error:
                ingest()
            assert hostile.refused in str(error.value)
            assert len(str(error.value)) < 400 + len(str(path))
            assert "\n" not in str(error.value).replace(hostile.name, "")
            assert sources(home) == {}
        else:
            taken = ingest()
            assert (taken.names, taken.rejects) == (hostile.names, hostile.rejects)
        assert intake.ingest(home, str(good), IngestOptions()).names == 3
    assert list(home.glob("staging/*")) == []


def test_there_are_hostile_files_enough():
    """Forty at least, no two alike."""
    assert len({hostile.name for hostile in HOSTILE}) == len(HOSTILE) >= 40
