"""Models of published versions, loaded to sample and to score names.

May import: training, versions, evaluation, sampling, relations and everything below them.

- `loading`: `load()` and the loaded model
- `generation`: the names of one request
"""

__all__ = ["generation", "loading"]
