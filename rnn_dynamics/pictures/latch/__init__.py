"""The picture "latch"."""
