"""The picture "clipping"."""
