"""What people read about a version: report page, model card, terminal text.

- `columns`: columns of the model comparison and the sample quality, for every place that shows them
- `report`: report.html and README.md of a version
- `text`: lines and tables for a terminal
- `show`: one version in detail
- `diff`: the differences between two versions

Imports only from versions, evaluation and below. Other packages import only these modules.
"""

__all__ = ["columns", "diff", "report", "show", "text"]
