"""From a checkpoint to a bundle: the policy as ONNX, and all that a robot must know of it."""
