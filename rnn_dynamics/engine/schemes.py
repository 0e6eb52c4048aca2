"""The initialisations that people use, by name: which settings of an Experiment each of them stands for.

A cell's default differs between frameworks, and papers recommend further ones:

- IRNN: the identity with ReLU (Le, Jaitly & Hinton 2015, arXiv:1504.00941). They draw small input weights. With zero
  biases every h_t is proportional to the input's scale, for ReLU(s a) = s ReLU(a) for any s > 0. So the same units are
  on at any scale, and all Jacobians ∂h_T/∂h_t are equal; only the direction of dL/dh_T turns, because the targets
  of the loss keep their size. At H = 128 that moves the factor per step by less than 0.3 %: one figure serves all.
- A forget bias of 1 (Józefowicz, Zaremba & Sutskever 2015; Gers, Schmidhuber & Cummins 2000 had used positive ones).
  PyTorch has two bias vectors that are added: who sets both to 1 gets 2.
- Chrono biases (Tallec & Ollivier 2018, arXiv:1804.11188) on PyTorch's default weights.
- Of the LRU (Orvieto et al. 2023, arXiv:2303.06349) λ on the ring of `cells/lru.py`, and B of variance 1/(2D).
- minGRU and minLSTM (Feng et al. 2024, arXiv:2410.01201) are made of torch.nn.Linear in the paper's listings, and draw
  as that does: U(−1/√D, 1/√D), weights and biases.
- The sLSTM as the code of its authors draws a first block (github.com/NX-AI/xlstm, sLSTMLayer and sLSTMCell; the paper,
  arXiv:2405.04517, does not say): W_ih N(0, 2/(5D)), W_hh = 0, and biases of the forget gate that fall from 5 to −7.
- The selective SSM as the code of Mamba-2's authors draws a head (github.com/state-spaces/mamba, Mamba2Simple): A and Δ
  as in `cells/ssm.py`, W_ih with the variance of torch.nn.Linear's, 1/(3D), and no other bias.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rnn_dynamics.engine.cells import cells_where
from rnn_dynamics.experiment import Experiment, checked_experiment, one_of

#: A scheme has a name for the whole network, not for a part of it.
_WHOLE: Mapping[str, Any] = {
    "input_weights": "same",
    "bias": True,
    "forget_bias_layers": "all",
}
#: What a framework has, it has a default for.
_ALL = cells_where(lambda cell: cell.module)
_GATED = cells_where(lambda cell: cell.module and cell.keeps)
_FORGETTING = cells_where(lambda cell: cell.module and cell.writes)


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """One named initialisation.

    Attributes:
        label: for a reader.
        initialisation, input_weight_scale, nonlinearity, forget_bias, gate_bias: the fields of Experiment that it sets.
        recurrent: whether W_hh is drawn; where it is not, the weight scale is 0.
        cells: those that it is for.
    """

    label: str
    initialisation: str
    input_weight_scale: float = 1.0
    recurrent: bool = True
    nonlinearity: str = "tanh"
    forget_bias: float = 0.0
    gate_bias: str = "constant"
    cells: tuple[str, ...] = _ALL


#: Key -> scheme, in the order in which readers meet them.
NAMED_SCHEMES: Mapping[str, Scheme] = {
    "torch": Scheme(label="PyTorch's default", initialisation="torch"),
    "keras": Scheme(label="Keras's default", initialisation="keras", forget_bias=1.0),
    "gaussian": Scheme(label="Gaussian, std 1/√H", initialisation="gaussian"),
    "orthogonal": Scheme(label="Orthogonal", initialisation="orthogonal"),
    "irnn": Scheme(
        label="IRNN: identity with ReLU", initialisation="identity", nonlinearity="relu", cells=("rnn",)
    ),
    "forget_one": Scheme(
        label="PyTorch's, forget bias 1 in one of two biases",
        initialisation="torch",
        forget_bias=1.0,
        cells=_FORGETTING,
    ),
    "forget_both": Scheme(
        label="PyTorch's, forget bias 1 in both biases: 2",
        initialisation="torch",
        forget_bias=2.0,
        cells=_FORGETTING,
    ),
    "chrono": Scheme(
        label="PyTorch's with chrono biases", initialisation="torch", gate_bias="chrono", cells=_GATED
    ),
    "ring": Scheme(
        label="LRU's ring, |λ| from 0.9 to 0.999",
        initialisation="gaussian",
        input_weight_scale=0.5**0.5,
        cells=("lru",),
    ),
    "linear": Scheme(label="torch.nn.Linear's default", initialisation="linear", cells=("mingru", "minlstm")),
    "xlstm": Scheme(
        label="xLSTM's code: W_hh = 0, forget biases from 5 to -7",
        initialisation="gaussian",
        input_weight_scale=0.4**0.5,
        recurrent=False,
        gate_bias="powerlaw",
        cells=("slstm",),
    ),
    "mamba": Scheme(
        label="Mamba's code: small steps Δ",
        initialisation="gaussian",
        input_weight_scale=3.0**-0.5,
        cells=("ssm",),
    ),
}  # fmt: skip


def scheme_experiment(scheme: str, cell: str, experiment: Experiment) -> Experiment:
    """`experiment` with a cell and a named initialisation; its sizes, inputs, loss and seed stay.

    Its weight scale stays too, but where the scheme has no W_hh.

    Args:
        scheme: key of NAMED_SCHEMES.
        cell: one of the scheme's cells.
        experiment: all other settings.

    Raises:
        ValueError: there is no such scheme, or it is not for this cell.
    """
    named = NAMED_SCHEMES[one_of("scheme", scheme, NAMED_SCHEMES)]
    return replace(
        checked_experiment(experiment),
        cell=one_of("cell", cell, named.cells, f", which scheme {scheme} is for"),
        weight_scale=experiment.weight_scale * named.recurrent,
        initialisation=named.initialisation,
        input_weight_scale=named.input_weight_scale,
        nonlinearity=named.nonlinearity,
        forget_bias=named.forget_bias,
        gate_bias=named.gate_bias,
        **_WHOLE,
    )
