"""What is asked: one frozen, hashable Experiment, and the limits of each of its fields.

Each field is at once a control of the dashboard, a key of the share link, a part of the cache key and a line of
the reproduction script. Its limits and the values that a control offers therefore stand here, once; what it is called
stands in content/, in each language.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from rnn_dynamics.limits import (
    Choice,
    Flag,
    Knob,
    KnownFields,
    Number,
    Range,
    Text,
    asked,
    knobs_of,
    one_of,
    short,
    written,
)

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
    "asked",
    "checked_experiment",
    "knobs_of",
    "one_of",
    "settings",
    "short",
    "written",
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
        weight_scale: factor on every entry of `weight_hh_l0` (and of its like in other layers), and on nothing else;
            mingru, minlstm and ssm have no such entries. Of lru, which has none either, it multiplies how long each
            unit remembers, −1/ln |λ|, so that |λ| < 1 at any scale.
        sequence_length: T, number of time steps. With a `text`, T becomes its length.
        hidden_size: H, units. Of lru they are real and imaginary parts of H/2 complex ones.
        input_size: D, features of one input. With a `text`, D becomes its number of different characters.
        batch_size: N, sequences that are run side by side.
        initialisation: scheme by which the weights are drawn, see `rnn_dynamics.initialise`.
        input_weights: how W_ih is drawn: "same" (as the initialisation says: "torch", "linear" and "keras" as these,
            with all others "gaussian"), or one of these by itself.
        input_weight_scale: factor on every entry of `weight_ih_l0` (and of its like in other layers).
        bias: whether the network has biases; without, none is drawn, added or learned, as by torch's `bias=False`.
        nonlinearity: "tanh" or "relu", torch.nn.RNN's names; only rnn and jordan have it.
        reset_gate: "after" or "before" the product with W_hn, where the GRU's r enters: r ∘ (W_hn h + b_hn), as in
            PyTorch, or W_hn (r ∘ h) + b_hn, as in Cho et al. 2014 and, by default, in ONNX. Only gru has it.
        forget_bias: added to the forget gate's block of `bias_ih_l0` (lstm, minlstm, slstm), and not to `bias_hh_l0`.
        forget_bias_layers: "all", or the "first" alone; for stacks.
        gate_bias: "constant" (the initialisation's own, and `forget_bias`) or "chrono", which puts the biases of
            Tallec & Ollivier 2018 into `bias_ih_l0`: b_f = log U(1, T − 1) and b_i = −b_f (LSTM, minLSTM, sLSTM),
            b_z = log U(1, T − 1) (GRU), b_z = −log U(1, T − 1) (minGRU, whose z writes; of ssm b_Δ, in the place of
            its own), which with T below 3 are 0; or
            "powerlaw", 5 − 12 (k / (H − 1))^0.3 for unit k = 0 .. H − 1, as the code of xLSTM's authors sets the f of
            a first block (github.com/NX-AI/xlstm, sLSTMCell), into the gate that keeps alone, of minGRU its negative
            into z, of ssm into Δ. `forget_bias` is then not added; `bias_hh_l0` is left alone.
        input_scale: standard deviation of the noise that is read; with a `text`, the height of the one-hot entry.
        initial_state: of every layer and direction: "zero"; "noise", N(0, 1) for each unit and sequence, as the
            examples of torch's documentation draw it; or "carried", where a run over T other inputs of the same seed
            (of a `text`, over the text itself) has ended, begun at zero; of ReLU's, whose states have no bound, each
            level's divided by the largest of them, where that is above 1. It counts as a constant.
        loss_at: "last" (only h_T is compared with a target), "every" (each h_t is), or "final": as "last", but of what
            torch calls h_n, which in both directions is h_T of the one forwards and h_1 of the one backwards, where
            each of them has read the whole sequence.
        hidden_path: "open", or "cut": on the way back h_{t−1} counts as a constant inside W_hh h_{t−1}, so that nothing
            but the additive path carries a gradient. The way forward is the same.
        text: characters to read as one-hot vectors instead of noise; "" reads noise.
        num_layers: layers on top of each other, each reading what the one below hands upwards; torch's name.
        bidirectional: whether each layer also has a level that reads the steps from the last to the first; torch's
            name. The loss then reads both. Layers and directions are for all cells but jordan.
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
        "batch_first": ": only time first is supported",
        "device": ": only the CPU is supported",
        "dtype": ": only float64 is supported",
    }

    cell: str = asked(
        "lstm", Choice(options=("rnn", "jordan", "lstm", "gru", "mingru", "minlstm", "lru", "slstm", "ssm", "cornn"))
    )
    weight_scale: float = asked(1.0, Number(minimum=0.0, maximum=10.0, offered=WEIGHT_SCALES))
    sequence_length: int = asked(100, Number(minimum=1, maximum=10_000, offered=tuple(range(10, 201, 10)), whole=True))
    hidden_size: int = asked(32, Number(minimum=1, maximum=512, offered=(2, 4, 8, 16, 32, 48, 64), whole=True))
    input_size: int = asked(16, Number(minimum=1, maximum=256, offered=(1, 2, 4, 8, 16, 32), whole=True))
    batch_size: int = asked(4, Number(minimum=1, maximum=256, offered=(1, 2, 4, 8), whole=True))
    initialisation: str = asked(
        "gaussian", Choice(options=("gaussian", "orthogonal", "identity", "torch", "linear", "keras"))
    )
    input_weights: str = asked("same", Choice(options=("same", "gaussian", "torch", "linear", "keras")))
    input_weight_scale: float = asked(
        1.0, Number(minimum=0.0, maximum=10.0, offered=(0.0, 0.01, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0))
    )
    bias: bool = asked(True, Flag())
    nonlinearity: str = asked("tanh", Choice(options=("tanh", "relu")))
    reset_gate: str = asked("after", Choice(options=("after", "before")))
    forget_bias: float = asked(
        0.0, Number(minimum=-20.0, maximum=20.0, offered=(-2.0, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0))
    )
    forget_bias_layers: str = asked("all", Choice(options=("all", "first")))
    gate_bias: str = asked("constant", Choice(options=("constant", "chrono", "powerlaw")))
    input_scale: float = asked(
        1.0, Number(minimum=0.0, maximum=5.0, offered=(0.0, 0.1, 0.2, 0.316, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0))
    )
    initial_state: str = asked("zero", Choice(options=("zero", "noise", "carried")))
    loss_at: str = asked("last", Choice(options=("last", "every", "final")))
    hidden_path: str = asked("open", Choice(options=("open", "cut")))
    text: str = asked("", Text(longest=10_000, offered_length=200))
    num_layers: int = asked(1, Number(minimum=1, maximum=4, offered=(1, 2, 3, 4), whole=True))
    bidirectional: bool = asked(False, Flag())
    seed: int = asked(0, Number(minimum=0, maximum=2**32 - 1, offered=tuple(range(100)), whole=True))

    def __post_init__(self) -> None:
        for name, knob in KNOBS.items():
            given = getattr(self, name)
            if (found := knob.checked(name, given)) is not given:
                object.__setattr__(self, name, found)
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
    def input_scheme(self) -> str:
        """How W_ih is drawn: "gaussian", "torch", "linear" or "keras"."""
        if self.input_weights != "same":
            return self.input_weights
        return self.initialisation if self.initialisation in ("torch", "linear", "keras") else "gaussian"

    @property
    def levels(self) -> int:
        """How many networks there are, over all layers and directions."""
        return self.num_layers * self.directions


#: Field name -> its limits and offered values, in the order of the fields.
KNOBS: Mapping[str, Knob] = knobs_of(Experiment)
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
