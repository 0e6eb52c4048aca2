"""The picture "losses"."""
