"""The picture "shapes"."""
