"""The picture "jacobians"."""
