"""Keep a home healthy: backup, prune, verify, forget.

- `backup`: export and restore a home
- `retention`: delete old versions and leftovers
- `checking`: verify the database and the registry
- `forgetting`: forget a list or a name
"""

__all__ = ["backup", "checking", "forgetting", "retention"]
