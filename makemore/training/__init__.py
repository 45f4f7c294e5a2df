"""Arrays to a trained model, resumable after a kill. Imports only `evaluation` and the packages below it.

- `train`: a model of any type from a corpus
- `full_batch`: the lecture's full-batch gradient descent
- `minibatch`: AdamW for the nets
- `training_state`: everything that the next step depends on, and its checkpoints
"""

__all__ = ["full_batch", "minibatch", "train", "training_state"]
