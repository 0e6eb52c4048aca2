"""What one visitor of a server has brought: weights and inputs of their own, held in memory and nowhere else."""

from dataclasses import replace
from weakref import WeakSet

from rnn_dynamics.own.files import read_inputs, read_weights
from rnn_dynamics.own.given import OWN, Given
from rnn_dynamics.own.recognise import Named, Recognised, recognise
from rnn_dynamics.own.unreadable import UnreadableFile

#: Bytes of the weights of all visitors together.
MOST_BYTES = 400_000_000
#: What a file holds that is none.
NOTHING = Recognised(networks=(), others=(), refused=())


class Held:
    """What is held for one visitor, who alone keeps it.

    file, found: the weights' file, and what is recurrent in it. weights: the chosen module, with the inputs.
    """

    def __init__(self) -> None:
        self.file, self.found = "", NOTHING
        self.weights: Given | None = None
        _EVERYBODY.add(self)

    @property
    def size(self) -> int:
        """Bytes of the weights."""
        return sum(values.nbytes for named in self.found.networks for values in named.network.parameters.values())

    def read_weights(self, data: bytes, name: str, *, pickles: bool = False) -> None:
        """Find the networks of a file, and take the first; what was there goes only where there is another.

        Raises:
            UnreadableFile: see `files.read_weights` and `recognise`; or it holds Jordan networks alone, which torch has
                not; or all visitors together would hold too much.
        """
        before, found = self.found, recognise(read_weights(data, name, pickles=pickles))
        networks = tuple(named for named in found.networks if named.network.kind.module)
        if not networks:
            raise UnreadableFile("jordan", module=found.networks[0].name)
        self.found = replace(found, networks=networks)
        if sum(one.size for one in _EVERYBODY) > MOST_BYTES:
            self.found = before
            raise UnreadableFile("full", file=name)
        self.file = name
        self.choose(networks[0])

    def forget(self) -> None:
        """Let everything go."""
        self.file, self.found, self.weights = "", NOTHING, None

    def forget_inputs(self) -> None:
        """Let the inputs go."""
        self.weights = replace(self.weights, inputs=None) if self.weights else None

    def choose(self, named: Named) -> None:
        """Take one of the networks that were found; inputs for another one's are let go."""
        network, inputs = named.network, self.weights.inputs if self.weights else None
        fits = inputs is not None and inputs.shape[-1] == network.input_size
        self.weights = Given(
            network=network,
            source=OWN,
            name=named.name,
            inputs=inputs if fits else None,
            file=self.file,
            keys=dict(zip(network.parameters, named.tensors, strict=True)),
        )

    def read_inputs(self, data: bytes, name: str) -> None:
        """Take inputs for the weights that are there.

        Raises:
            UnreadableFile: see `files.read_inputs`.
        """
        assert self.weights is not None
        inputs = read_inputs(data, name, features=self.weights.network.input_size)
        self.weights = replace(self.weights, inputs=inputs)


#: What is held for everybody: a visitor's part ends with the visitor.
_EVERYBODY: WeakSet[Held] = WeakSet()
