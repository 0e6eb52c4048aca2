"""The picture "cost"."""
