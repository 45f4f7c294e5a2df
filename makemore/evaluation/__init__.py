"""nll, scores, name scores and paired differences. Imports only `data` and the packages below it.

- `loss`: the mean negative log-likelihood, in the one place that computes it
- `scores`: nats of each name, and the metrics of a model
- `name_scores`: surprisal and percentile of names
- `paired`: the difference of two models on the same names
"""

__all__ = ["loss", "name_scores", "paired", "scores"]
