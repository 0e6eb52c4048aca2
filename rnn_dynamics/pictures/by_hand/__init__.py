"""The picture "by hand"."""
