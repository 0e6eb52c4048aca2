"""An atlas: what a sweep has found, opened to be looked at; that of the environment, or the small one that ships."""

from rnn_dynamics.atlas.opened import VARIABLE, Atlas, AtlasRefused, open_atlas, tried
from rnn_dynamics.atlas.shipped import shipped

__all__ = ["VARIABLE", "Atlas", "AtlasRefused", "open_atlas", "shipped", "tried"]
