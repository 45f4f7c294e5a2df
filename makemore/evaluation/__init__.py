"""nll, scores, name scores and paired differences. Imports only `data` and the packages below it.

- `loss`: the mean negative log-likelihood of names under a model of any type
- `net_loss`: the loss of nets, in torch; `loss` imports it for nets alone
- `scores`: nats of each name, and the metrics of a model
- `name_scores`: surprisal and percentile of names
- `paired`: the difference of two models on the same names
"""

__all__ = ["loss", "name_scores", "net_loss", "paired", "scores"]
