"""Trains a model on arrays, and can resume after a kill. Imports only `evaluation` and the packages below it.

- `train`: a model of any type from a corpus
- `settings`: settings of a training that are not the model's own
- `full_batch`: the lecture's full-batch gradient descent
- `minibatch`: AdamW for the nets
- `training_state`: everything that the next step depends on, and its checkpoints
"""

__all__ = ["full_batch", "minibatch", "settings", "train", "training_state"]
