"""Every law, published number and oracle that can be checked in seconds: the tests hold them, and a page shows them."""

from collections.abc import Mapping
from types import MappingProxyType

from rnn_dynamics.laws import autograd, cliff, curse, initialisations, paths, sums, theory
from rnn_dynamics.laws.law import Checked, Law

_ROOMS = (theory, autograd, paths, sums, initialisations, cliff, curse)
#: Name -> law.
LAWS: Mapping[str, Law] = MappingProxyType({name: law for room in _ROOMS for name, law in room.LAWS.items()})

__all__ = ["LAWS", "Checked", "Law"]
