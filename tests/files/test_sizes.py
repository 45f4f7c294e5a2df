"""Sizes of files and folders."""

from makemore.files.sizes import size


def test_a_folder_has_the_size_of_its_files(tmp_path):
    """A link counts its own bytes, not those of its target."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_bytes(b"12345")
    (tmp_path / "b").write_bytes(b"123")
    (tmp_path / "link").symlink_to("b")

    assert size(tmp_path) == 5 + 3 + len("b")


def test_an_unreadable_folder_counts_nothing(tmp_path, monkeypatch):
    """Such as lost+found at the root of a volume. Root, as which the tests may run, can read every folder."""
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "lost+found").mkdir()
    iterdir = type(tmp_path).iterdir

    def denied(self):
        if self.name == "lost+found":
            raise PermissionError(self)
        return iterdir(self)

    monkeypatch.setattr(type(tmp_path), "iterdir", denied)

    assert size(tmp_path) == 5
