"""The picture "cliff"."""
