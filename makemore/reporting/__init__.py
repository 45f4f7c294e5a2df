"""What people read: report page, model card, terminal text.

- `report`: report.html and README.md of a version
- `text`: lines and tables for a terminal
- `show`: one version in full, and two side by side
- `diff`: how two versions differ
"""

__all__ = ["diff", "report", "show", "text"]
