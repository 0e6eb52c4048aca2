"""The picture "phase diagram"."""
