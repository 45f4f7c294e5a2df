"""Bytes on disk: files that are complete or absent, tables in every format, compression, checksums, archives.

- `archive`: the tar file of `makemore export-home`, checked while it is read
- `atomic`: write aside, sync, rename
- `checksums`: SHA-256 of files and of JSON objects
- `compression`: .gz and .zst streams
- `sizes`: sizes of files and folders
- `tables`: tables as text, CSV, JSON, JSON lines or Parquet
"""

__all__ = ["archive", "atomic", "checksums", "compression", "sizes", "tables"]
