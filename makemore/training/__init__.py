"""Arrays to a trained model, resumable after a kill.

- `train`: a model of any type from a corpus
- `full_batch`: the lecture's full-batch gradient descent
- `minibatch`: AdamW for the nets
- `training_state`: all that the next step depends on
- `checkpoint`: tensors and plain values in one file
"""

__all__ = ["checkpoint", "full_batch", "minibatch", "train", "training_state"]
