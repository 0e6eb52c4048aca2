"""The picture "initialisation"."""
