"""What one visitor of a server has brought: weights and inputs of their own, held in memory and nowhere else."""

from dataclasses import dataclass, replace
from weakref import WeakSet

from rnn_dynamics.own.files import read_inputs, read_weights
from rnn_dynamics.own.given import OWN, Given
from rnn_dynamics.own.recognise import Named, Recognised, recognise
from rnn_dynamics.own.unreadable import UnreadableFile

#: Bytes of the weights of all visitors together.
MOST_BYTES = 400_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Holding:
    """A file of weights: its name, what was found in it, and the chosen network with the inputs."""

    file: str
    found: Recognised
    weights: Given

    @property
    def place(self) -> int:
        """Of the chosen network among those that were found."""
        return [named.network for named in self.found.networks].index(self.weights.network)

    @property
    def size(self) -> int:
        """Bytes of all networks."""
        return sum(values.nbytes for named in self.found.networks for values in named.network.parameters.values())


class Held:
    """What is held for one visitor, who alone keeps it. `now` is replaced as a whole: two runs of a page may meet."""

    def __init__(self) -> None:
        self.now: Holding | None = None
        _EVERYBODY.add(self)

    def read_weights(self, data: bytes, name: str, *, pickles: bool = False) -> None:
        """Find the networks of a file, and take the first; what was there goes only where there is another.

        Raises:
            UnreadableFile: see `files.read_weights` and `recognise`; or it holds Jordan networks alone, which torch has
                not; or all visitors together would hold too much.
        """
        found = recognise(read_weights(data, name, pickles=pickles))
        networks = tuple(named for named in found.networks if not named.network.kind.feeds_back_output)
        if not networks:
            raise UnreadableFile("jordan", module=found.networks[0].name)
        there = replace(found, networks=networks)
        new = Holding(file=name, found=there, weights=_chosen(networks[0], name, self.now))
        others = sum(one.now.size for one in _EVERYBODY if one is not self and one.now)
        if others + new.size > MOST_BYTES:
            raise UnreadableFile("full", file=name)
        self.now = new

    def choose(self, place: int) -> None:
        """Take one of the networks that were found."""
        if self.now:
            self.now = replace(self.now, weights=_chosen(self.now.found.networks[place], self.now.file, self.now))

    def read_inputs(self, data: bytes, name: str) -> None:
        """Take inputs for the weights that are there.

        Raises:
            UnreadableFile: see `files.read_inputs`.
        """
        if self.now:
            inputs = read_inputs(data, name, features=self.now.weights.network.input_size)
            self.now = replace(self.now, weights=replace(self.now.weights, inputs=inputs, inputs_file=name))

    def forget(self) -> None:
        """Let weights and inputs go."""
        self.now = None

    def forget_inputs(self) -> None:
        """Let the inputs go."""
        if self.now:
            self.now = replace(self.now, weights=replace(self.now.weights, inputs=None))


#: What is held for everybody: a visitor's part ends with the visitor.
_EVERYBODY: WeakSet[Held] = WeakSet()


def _chosen(named: Named, file: str, before: Holding | None) -> Given:
    """A network of a file, with the inputs that were there before unless it cannot read them."""
    network = named.network
    keys = dict(zip(network.parameters, named.tensors, strict=True))
    chosen = Given(network=network, source=OWN, name=named.name, file=file, keys=keys)
    inputs = before.weights.inputs if before else None
    if before is None or inputs is None or inputs.shape[-1] != network.input_size:
        return chosen
    return replace(chosen, inputs=inputs, inputs_file=before.weights.inputs_file)
