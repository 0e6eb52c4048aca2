"""What is asked: one frozen, hashable Experiment, and the limits of each of its fields.

Each field is at once a control of the dashboard, a key of the share link, a part of the cache key and a line of
the reproduction script. Its limits, its label and the values that a control offers therefore stand here, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from rnn_dynamics.limits import Choice, Flag, Knob, KnownFields, Number, Range, Text, one_of, short

__all__ = [
    "KNOBS",
    "KNOBS_CHOICE",
    "KNOBS_NUMBER",
    "LARGEST_STATE_HISTORY",
    "WEIGHT_SCALES",
    "Choice",
    "Experiment",
    "Flag",
    "Knob",
    "KnownFields",
    "Number",
    "Range",
    "Text",
    "checked_experiment",
    "one_of",
    "settings",
    "short",
]

#: sequence_length × batch_size × hidden_size (× layers × directions): an LSTM of this size answers within about 1.5 GB.
LARGEST_STATE_HISTORY = 10_000_000


#: The slider of the weight scale and the rows of the map: fine around 1, where decay turns into growth.
WEIGHT_SCALES = (
    *(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6),
    *(1.8, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Experiment(KnownFields):
    """One question: which network, which weights, which sequence, which loss.

    Args:
        cell: architecture, a key of `rnn_dynamics.CELLS`.
        weight_scale: factor on every entry of `weight_hh_l0` (and of its like in other layers), and on nothing else.
        sequence_length: T, number of time steps. With a `text`, T becomes its length.
        hidden_size: H, units.
        input_size: D, features of one input. With a `text`, D becomes its number of different characters.
        batch_size: N, sequences that are run side by side.
        initialisation: scheme by which the weights are drawn, see `rnn_dynamics.initialise`.
        nonlinearity: "tanh" or "relu", torch.nn.RNN's names; only rnn and jordan have it.
        forget_bias: added to the forget gate's block of `bias_ih_l0` (LSTM only); `bias_hh_l0` is left alone.
        gate_bias: "constant" (the initialisation's own, and `forget_bias`) or "chrono", which puts the biases of
            Tallec & Ollivier 2018 into `bias_ih_l0`: b_f = log U(1, T − 1) and b_i = −b_f (LSTM), b_z = log U(1, T − 1)
            (GRU). `forget_bias` is then not added; `bias_hh_l0` is left alone. With T below 3 they are 0.
        input_scale: standard deviation of the noise that is read; with a `text`, the height of the one-hot entry.
        loss_at: "last" (only h_T is compared with a target) or "every" (each h_t is).
        hidden_path: "open", or "cut": on the way back h_{t−1} counts as a constant inside W_hh h_{t−1}, so that nothing
            but the additive path carries a gradient. The way forward is the same.
        text: characters to read as one-hot vectors instead of noise; "" reads noise.
        num_layers: layers on top of each other, each reading what the one below hands upwards; torch's name.
        bidirectional: whether each layer also has a level that reads the steps from the last to the first; torch's
            name. The loss then reads both. Layers and directions are for rnn, lstm and gru.
        seed: fixes weights, noise, read-out and targets.

    Raises:
        ValueError: a field is outside its limits, or fields do not go together; the message names field, value and
            limit.
        TypeError: there is no such field; the message names the nearest one, or what is not supported.
    """

    NOT_HERE: ClassVar[Mapping[str, str]] = {
        "T": "; did you mean 'sequence_length'?",
        "H": "; did you mean 'hidden_size'?",
        "D": "; did you mean 'input_size'?",
        "N": "; did you mean 'batch_size'?",
        "dropout": ": dropout is not supported, between layers or elsewhere",
        "proj_size": ": projections are not supported, h has hidden_size entries",
        "bias": ": a network without biases is not supported",
        "batch_first": ": only time first is supported",
        "device": ": only the CPU is supported",
        "dtype": ": only float64 is supported",
    }

    cell: str = field(
        default="lstm",
        metadata={
            "knob": Choice(
                label="Cell",
                help="The architecture that is shown. A Jordan network feeds back its output, here in the simplified "
                "form of textbooks: Jordan's own state units also fed themselves.",
                options={"rnn": "Vanilla RNN", "jordan": "Jordan network", "lstm": "LSTM", "gru": "GRU"},
            )
        },
    )
    weight_scale: float = field(
        default=1.0,
        metadata={
            "knob": Number(
                label="Weight scale",
                help="Multiplies the recurrent weights W_hh, and nothing else.",
                minimum=0.0,
                maximum=10.0,
                offered=WEIGHT_SCALES,
            )
        },
    )
    sequence_length: int = field(
        default=100,
        metadata={
            "knob": Number(
                label="Sequence length T",
                help="Number of time steps that the gradient has to travel back through.",
                minimum=1,
                maximum=10_000,
                offered=tuple(range(10, 201, 10)),
                whole=True,
            )
        },
    )
    hidden_size: int = field(
        default=32,
        metadata={
            "knob": Number(
                label="Hidden size H",
                help="Number of hidden units.",
                minimum=1,
                maximum=512,
                offered=(2, 4, 8, 16, 32, 48, 64),
                whole=True,
            )
        },
    )
    input_size: int = field(
        default=16,
        metadata={
            "knob": Number(
                label="Input size D",
                help="Number of features of one input x_t.",
                minimum=1,
                maximum=256,
                offered=(1, 2, 4, 8, 16, 32),
                whole=True,
            )
        },
    )
    batch_size: int = field(
        default=4,
        metadata={
            "knob": Number(
                label="Batch size N",
                help="Number of sequences; norms are taken over all of them.",
                minimum=1,
                maximum=256,
                offered=(1, 2, 4, 8),
                whole=True,
            )
        },
    )
    initialisation: str = field(
        default="gaussian",
        metadata={
            "knob": Choice(
                label="Initialisation",
                help="How W_hh is drawn before the weight scale multiplies it.",
                options={
                    "gaussian": "Gaussian, std 1/√H",
                    "orthogonal": "Orthogonal",
                    "identity": "Identity (with ReLU: IRNN)",
                    "torch": "PyTorch's default, ±1/√H",
                    "keras": "Keras's default",
                },
            )
        },
    )
    nonlinearity: str = field(
        default="tanh",
        metadata={
            "knob": Choice(
                label="Nonlinearity (RNN)",
                help="The vanilla RNN's. The slope of ReLU is 0 or 1, and nothing bounds its states.",
                options={"tanh": "tanh", "relu": "ReLU"},
            )
        },
    )
    forget_bias: float = field(
        default=0.0,
        metadata={
            "knob": Number(
                label="Forget bias (LSTM)",
                help="Added to the forget gate, in one of PyTorch's two bias vectors. "
                "PyTorch draws both, 0 on average; Keras's is 1. Not added where the gate bias is chrono.",
                minimum=-20.0,
                maximum=20.0,
                offered=(-2.0, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0),
            )
        },
    )
    gate_bias: str = field(
        default="constant",
        metadata={
            "knob": Choice(
                label="Gate bias (LSTM, GRU)",
                help="Chrono spreads what the gates remember over all lengths up to T: forget gate (GRU: update gate) "
                "log U(1, T − 1), LSTM's input gate the negative. The forget bias is then not added.",
                options={"constant": "constant", "chrono": "chrono, log U(1, T − 1)"},
            )
        },
    )
    input_scale: float = field(
        default=1.0,
        metadata={
            "knob": Number(
                label="Input scale",
                help="Standard deviation of the input noise. A stronger input saturates the units.",
                minimum=0.0,
                maximum=5.0,
                offered=(0.0, 0.1, 0.2, 0.316, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0),
            )
        },
    )
    loss_at: str = field(
        default="last",
        metadata={
            "knob": Choice(
                label="Loss at",
                help="An every-step loss feeds the gradient anew at each step and hides vanishing.",
                options={"last": "the last step", "every": "every step"},
            )
        },
    )
    hidden_path: str = field(
        default="open",
        metadata={
            "knob": Choice(
                label="Hidden path",
                help="The way back through W_hh. Cut, h counts as a constant there: only the additive path is left.",
                options={"open": "open", "cut": "cut"},
            )
        },
    )
    text: str = field(
        default="",
        metadata={
            "knob": Text(
                label="Your own sentence",
                help="Read character by character, one-hot, instead of noise. T becomes its length.",
                longest=10_000,
                offered_length=200,
            )
        },
    )
    num_layers: int = field(
        default=1,
        metadata={
            "knob": Number(
                label="Layers",
                help="Networks on top of each other: each reads the states of the one below.",
                minimum=1,
                maximum=4,
                offered=(1, 2, 3, 4),
                whole=True,
            )
        },
    )
    bidirectional: bool = field(
        default=False,
        metadata={
            "knob": Flag(
                label="Both directions",
                help="A second network in each layer reads the sequence from its end to its beginning.",
            )
        },
    )
    seed: int = field(
        default=0,
        metadata={
            "knob": Number(
                label="Seed",
                help="Fixes every random draw: weights, inputs, read-out, targets.",
                minimum=0,
                maximum=2**32 - 1,
                offered=tuple(range(100)),
                whole=True,
            )
        },
    )

    def __post_init__(self) -> None:
        for name, knob in KNOBS.items():
            object.__setattr__(self, name, knob.checked(name, getattr(self, name)))
        if self.text:
            object.__setattr__(self, "sequence_length", len(self.text))
            object.__setattr__(
                self, "input_size", KNOBS_NUMBER["input_size"].checked("input_size", len(set(self.text)))
            )
        if self.cell == "jordan" and self.levels > 1:
            raise ValueError(
                f"num_layers = {self.num_layers}, bidirectional = {self.bidirectional}: "
                "a Jordan network has one layer and one direction"
            )
        history = self.sequence_length * self.batch_size * self.hidden_size * self.levels
        if history > LARGEST_STATE_HISTORY:
            factors = "sequence_length × batch_size × hidden_size" + " × num_layers × directions" * (self.levels > 1)
            raise ValueError(f"{factors} = {history:,}; the limit is {LARGEST_STATE_HISTORY:,}")

    @property
    def directions(self) -> int:
        """1, or 2 in both directions."""
        return 2 if self.bidirectional else 1

    @property
    def levels(self) -> int:
        """How many networks there are, over all layers and directions."""
        return self.num_layers * self.directions


def _knobs() -> dict[str, Knob]:
    return {item.name: item.metadata["knob"] for item in fields(Experiment)}


#: Field name -> its limits, label and offered values, in the order of the fields.
KNOBS: Mapping[str, Knob] = _knobs()
KNOBS_NUMBER: Mapping[str, Number] = {name: knob for name, knob in KNOBS.items() if isinstance(knob, Number)}
KNOBS_CHOICE: Mapping[str, Choice] = {name: knob for name, knob in KNOBS.items() if isinstance(knob, Choice)}


def checked_experiment(experiment: object, name: str = "experiment") -> Experiment:
    """Return `experiment`; raise ValueError, with the name of the argument, where it is not one."""
    if not isinstance(experiment, Experiment):
        raise ValueError(f"{name} = {short(experiment)} is not an Experiment")
    return experiment


def settings(experiment: Experiment) -> dict[str, Any]:
    """The fields of an experiment by name, in order."""
    return {name: getattr(experiment, name) for name in KNOBS}
