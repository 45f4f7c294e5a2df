"""What people read about a version and a home: report page, model card, terminal text.

- `columns`: columns of the model comparison and the sample quality, for every place that shows them
- `report`: report.html and README.md of a version
- `text`: lines and tables for a terminal
- `show`: one version in detail
- `diff`: the differences between two versions
- `status`: the state of a home, in figures
- `status_text`: the same as text
- `metrics`: the same for Prometheus

Imports only from versions, evaluation and below. Other packages import only these modules.
"""

__all__ = ["columns", "diff", "metrics", "report", "show", "status", "status_text", "text"]
