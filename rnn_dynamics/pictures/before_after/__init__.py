"""The picture "before after"."""
