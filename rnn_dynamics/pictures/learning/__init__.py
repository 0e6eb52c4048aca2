"""The picture "learning"."""
