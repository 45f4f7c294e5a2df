"""Sizes of files and folders."""

from pathlib import Path


def size(path: Path) -> int:
    """Bytes of a file, or of all readable files in a folder; of a link its own."""
    try:
        if path.is_dir() and not path.is_symlink():
            return sum(map(size, path.iterdir()))
        return path.lstat().st_size
    except OSError:
        # Deleted meanwhile, or a folder of another user, such as lost+found.
        return 0
