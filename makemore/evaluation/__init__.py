"""nll, scores, paired differences and name scores.

- `loss`: the mean negative log-likelihood, in the one place that computes it
- `scores`: the nats of each name, and what they say of a model
- `name_scores`: how name-like a name is, character by character
- `paired`: the difference of two models on the same names
"""

__all__ = ["loss", "name_scores", "paired", "scores"]
