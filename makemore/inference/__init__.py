"""Models of published versions, loaded to sample and to score names.

Imports versions, evaluation, sampling, data, models and root modules.

- `loading`: `load()` and the loaded model
- `generation`: the names of one request
"""

__all__ = ["generation", "loading"]
