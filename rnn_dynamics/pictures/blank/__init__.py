"""The picture "blank"."""
