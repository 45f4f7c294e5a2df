"""Published models, loaded to sample and to score names. Imports only `versions` and the packages below it.

- `loading`: `load()` and the loaded model
- `generation`: the names of one request
"""

__all__ = ["generation", "loading"]
