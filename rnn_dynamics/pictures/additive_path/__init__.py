"""The picture "additive path"."""
