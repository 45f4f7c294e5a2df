"""Relations to arrays for training.

- `dataset`: xs, ys and the distinct rows with their counts
- `batches`: batches of names in an order that seed and pass decide
- `windows`: rows of ids cut out of the stream of all names
"""

__all__ = ["batches", "dataset", "windows"]
