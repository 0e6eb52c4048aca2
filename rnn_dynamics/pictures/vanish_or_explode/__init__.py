"""The picture "vanish or explode"."""
