"""What a probe draws, and what a notebook shows of it."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rnn_dynamics import probe
from rnn_dynamics.content.numbers import power_of_ten
from rnn_dynamics.engine.run_network import run_network
from rnn_dynamics.own.probed import Probe
from tests.every import every

torch.set_num_threads(1)  # a second one costs more than it gives at these sizes
T = 30


class Model(nn.Module):
    """Two layers in both directions, then a loop over a cell, then a network without gates."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.LSTM(3, 8, 2, bidirectional=True)
        self.cell = nn.GRUCell(16, 5)
        self.last = nn.RNN(5, 4)

    def forward(self, x: Tensor) -> Any:
        state, states = None, []
        for step in self.encoder(x)[0]:
            state = self.cell(step, state)
            states.append(state)
        return self.last(torch.stack(states))[0][-1].square().sum()


@pytest.fixture(scope="module")
def found() -> Probe:
    torch.manual_seed(0)
    return probe(Model(), torch.randn(T, 2, 3))


def rows(chart: Any, name: str, **chosen: Any) -> list[dict[str, Any]]:
    return [row for row in chart.to_dict()["datasets"][name] if all(row[key] == of for key, of in chosen.items())]


def whole(layer: Any) -> Any:
    """log10 of the norm of dL/dh_t and dL/dc_t together."""
    return np.log10(np.hypot(*(10.0 ** layer.log10_norms[name] for name in ("hidden", "cell"))))


@every("gradient", ["state", "input", "hidden", "cell"])
def test_the_solid_curves_are_those_of_the_layers(found: Probe, gradient: str) -> None:
    chart = found.draw(gradient=gradient)
    for place, layer in enumerate(found.replays[0].layers):
        curve = [row["log10_norm"] for row in rows(chart, "curves", kind="given", place=place)]
        np.testing.assert_allclose(
            curve, whole(layer) if gradient == "state" else layer.log10_norms[gradient], rtol=1e-6
        )
        kept = [row["kept"] for row in rows(chart, "gates", kind="given", place=place)]
        np.testing.assert_allclose(kept, layer.gates["f"].mean(axis=(1, 2)), rtol=1e-6)


def test_the_dashed_curves_are_those_of_the_same_question_to_fresh_weights(found: Probe) -> None:
    replay, chart = found.replays[0], found.draw()
    assert replay.fresh is not None
    assert replay.errors is not None
    bound = 1.0 / np.sqrt(replay.fresh.network.hidden_size)
    assert {name: of.shape for name, of in replay.fresh.network.parameters.items()} == {
        name: tuple(of.shape) for name, of in Model().encoder.named_parameters()
    }
    assert all(
        0.9 * bound < np.abs(of).max() <= bound for of in replay.fresh.network.parameters.values() if of.ndim > 1
    )
    assert replay.inputs is not None
    twin = run_network(replay.fresh.network, replay.inputs, replay.errors)
    for place, layer in enumerate(twin.layers):
        curve = [row["log10_norm"] for row in rows(chart, "curves", kind="fresh", place=place)]
        np.testing.assert_allclose(curve, whole(layer), rtol=1e-6)


def test_what_is_autograds_has_no_dashed_curves_and_what_has_no_gates_says_so(found: Probe) -> None:
    assert rows(found.draw("cell"), "curves", kind="fresh") == []
    assert len(rows(found.draw("cell", gradient="cell"), "curves", kind="given")) == T
    (whole,) = rows(found.draw("last"), "whole")
    assert "No gate" in whole["no_gate"]
    assert whole["gate"] == ""  # no panel stays empty
    assert {row["kept"] for row in rows(found.draw("last"), "gates")} == {None}


def test_labels_name_layers_with_what_arrives_at_step_1(found: Probe) -> None:
    texts = {row["name"]: row["text"] for row in rows(found.draw(), "labels")}
    assert set(texts) == {"0", "3", "fresh"}
    for place, mark in ((0, "layer 1 →"), (3, "layer 2 ←")):
        assert texts[str(place)] == f"{mark}: {power_of_ten(whole(found.layers[place])[0])}"


@every(
    ("asked", "sentence"),
    [
        ({"name": "decoder"}, "name = 'decoder'"),
        ({"gradient": "output"}, "gradient = 'output'"),
        ({"colour": "red"}, "setting = 'colour'"),
        ({"background": "grey"}, "background = 'grey'"),
        ({"language": "xx"}, "language = 'xx'"),
    ],
)
def test_what_cannot_be_drawn_is_named(found: Probe, asked: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        found.draw(**asked)


def test_what_is_known_of_no_layer_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    other = torch.Generator().manual_seed(99).get_state()
    with monkeypatch.context() as wrong:
        wrong.setattr(torch, "get_rng_state", lambda: other)
        lost = probe(nn.GRU(3, 4, 2, dropout=0.5), torch.randn(T, 2, 3), loss=lambda given: given[0].sum())
    with pytest.raises(ValueError, match=r"GRU: .*cannot be drawn again"):
        lost.draw()
    assert "vega" not in lost._repr_html_()


def test_a_notebook_shows_a_picture_of_each_module(found: Probe) -> None:
    page = found._repr_html_()
    drawn = [part.partition('"')[0] for part in page.split('<div id="probe-')[1:]]
    assert len(set(drawn)) == len(found.replays) == 3


def test_a_name_cannot_end_the_script_that_it_stands_in() -> None:
    name = "</script><b>"
    model = nn.ModuleDict({name: nn.RNN(3, 4)})
    model.forward = lambda x: model[name](x)[0].sum()
    page = probe(model, torch.randn(T, 2, 3))._repr_html_()
    assert name not in page
    assert "\\u003c/script>\\u003cb>: the gradient of the loss" in page
