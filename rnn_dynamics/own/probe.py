"""`probe`: one line on a model of torch, and the gradient at each step in each of its recurrent layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from rnn_dynamics.own.probed import Probe


def probe(
    model: torch.nn.Module, *inputs: Any, loss: Callable[[Any], torch.Tensor] | None = None, **keywords: Any
) -> Probe:
    """Find the gradient of a loss at every step of every nn.RNN, nn.LSTM and nn.GRU of a model, of any size.

        found = probe(model, inputs, loss=lambda output: criterion(output, targets))
        found.layers[0].log10_norms["hidden"]    # log10 of the norm of dL/dh_t, t = 1 .. T

    The model runs once forwards and once backwards, in its own format and mode. What each recurrent module has read,
    and what the loss sends back to its outputs, is then replayed by this library's engine, in float64 and beyond
    10^±308. The model is left as it was: parameters, `.grad`, buffers, attributes, mode, hooks; and so are the random
    numbers of torch, NumPy and Python.

    A minGRU, minLSTM, LRU, sLSTM, SelectiveSSM or CoRNN of `rnn_dynamics.learning.networks` is read likewise; others of
    these names are not.

    A verdict is of the state that carries an error on: of dL/dh_t, and of an LSTM or sLSTM of dL/dh_t and dL/dc_t
    together, √(‖dL/dh_t‖² + ‖dL/dc_t‖²), both of them total; of a coRNN likewise with its velocity, dL/dz_t.

    An nn.RNNCell, nn.LSTMCell or nn.GRUCell called step by step, and a module with `proj_size` or with dropout between
    its layers in training mode, are answered by autograd: `by` says so for each layer, and `remarks` says why. Other
    modules that are recurrent in their own way (a cell written out by hand, a state-space model, a module compiled by
    TorchScript) are not read; nor are modules that only `loss` calls and `model` does not hold.

    Args:
        model: any module that has recurrent modules in it, or is one.
        inputs: what it takes.
        loss: makes a single number of what the model gives; None where the model gives that number, or something with
            an attribute `loss`.
        keywords: what it takes by name.

    Raises:
        ValueError: the model has no recurrent module that could be read; the loss is no single finite number, or does
            not depend on any of them; weights, inputs or gradients of one are not finite.
    """
    import torch

    from rnn_dynamics.own.capture import capture, left_as_it_was
    from rnn_dynamics.own.probed import Probe
    from rnn_dynamics.own.replay import replay_calls

    with torch.inference_mode(False), torch.enable_grad(), left_as_it_was(model):
        captured = capture(model, inputs, keywords, loss)
        replays, remarks = replay_calls(captured.calls)
    return Probe(loss=captured.loss, replays=replays, remarks=(*captured.remarks, *remarks))
