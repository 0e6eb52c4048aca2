"""The picture "depth"."""
