"""Decide whether a version becomes champion.

- `rules`: the promotion rules, on plain numbers
- `judge`: compare a draft with the champion
- `decide`: record decisions of runs and of people
"""

__all__ = ["decide", "judge", "rules"]
