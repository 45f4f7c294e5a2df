"""Whether a version becomes champion.

- `rules`: the rules, on plain numbers
- `judge`: a draft compared with the champion
- `decide`: decisions recorded, by a run or by a person
"""

__all__ = ["decide", "judge", "rules"]
