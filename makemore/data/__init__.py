"""Reads relations into arrays for training. Imports only `database` and the packages below it.

- `dataset`: xs, ys, and the distinct rows and names with their counts
- `batches`: batches of names in an order that seed and pass decide, cut out of the stream of all names
"""

__all__ = ["batches", "dataset"]
