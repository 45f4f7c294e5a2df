"""Reads lists and stores their names and rejected rows in the database.

- `sources`: the files and URLs that a list argument stands for, their bytes and their format
- `readers`: the rows of a file, in batches; one module of formats/ for each format
- `validation`: the names of these rows, and the rejected rows with a reason
- `screening`: the checks that put a list into quarantine
- `scripts`: the writing systems of text
- `quarantine`: quarantined lists, and lists and names to forget
- `contents`: the distinct contents of lists, shared and removed
- `store`: the database's own tables: lists, entries, rejects
"""

__all__ = ["contents", "quarantine", "readers", "screening", "scripts", "sources", "store", "validation"]
