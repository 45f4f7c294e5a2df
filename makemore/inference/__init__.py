"""`load()`: a model of a version, to sample and to score.

- `model`: the loaded model
"""

__all__ = ["model"]
