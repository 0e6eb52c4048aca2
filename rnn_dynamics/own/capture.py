"""What a model's recurrent modules read, gave and heard of the loss: by hooks, in one forward and backward pass.

The model is left as it was. Imports torch: import this room where it is needed.
"""

import math
import random
import re
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from rnn_dynamics.engine.cells import CELLS as KINDS
from rnn_dynamics.learning.networks import PLACES, network_of
from rnn_dynamics.learning.networks.input_gated import InputGated

Array = NDArray[np.float64]
Read = Tensor | PackedSequence
Loss = Callable[[Any], Any]

#: The modules that are read, and what the engine calls their cell.
FUSED: dict[type[nn.RNNBase], str] = {nn.RNN: "rnn", nn.LSTM: "lstm", nn.GRU: "gru"}
CELLS: dict[type[nn.RNNCellBase], str] = {nn.RNNCell: "rnn", nn.LSTMCell: "lstm", nn.GRUCell: "gru"}
#: The networks that torch.nn lacks: one layer in one direction, time first, from an empty state.
LACKED: dict[type[nn.Module], str] = {network_of(cell): cell for cell in PLACES}
_READ: dict[type[nn.Module], str] = dict([*FUSED.items(), *CELLS.items(), *LACKED.items()])
#: What a subclass may not do in its own way, if it is to be read as the class above it.
_WAYS = ("forward", "_opened")
_COMPILED_PREFIX = "_orig_mod."
#: The parameters of a layer of any cell, before their suffix.
_PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", *(name for of in KINDS.values() for name in of.further(2)))
#: Where what a module gives has no gradient that could be asked for from outside.
_OUT_OF_REACH = (
    "gradients are out of reach (no_grad, inference_mode, torch.func, or checkpoint with use_reentrant=True)"
)
#: Names of classes that are recurrent in a way of their own, as far as a name says that.
_RECURRENT = re.compile(r"RNN|LSTM|GRU|LRU|SRU|Recurren|Mamba|Reservoir")


@dataclass(eq=False)
class Call:
    """One call of a recurrent module, as torch has it.

    Attributes:
        name: of the module in the model; `number` counts its calls from 1.
        module: it.
        inputs: what it read, as a tensor of the graph that no other module reads.
        initial: (h_0,) or (h_0, c_0), as it was given; None where it was not.
        continues: the call before it, where the initial state is what that call gave, unchanged.
        output: as it gave it; of a cell None.
        states: (h_n,) or (h_n, c_n); of a cell its new state.
        weights: torch.nn's names -> values at the call.
        given: its states, as the model got them.
        autocast: the format of `torch.autocast` around it; None outside.
        generator: of the CPU's random numbers, as it was before the call; None where the module draws none.
        gradients: of the loss, by "inputs", "output", "h_n" and "c_n"; None where it does not depend on one.
    """

    name: str
    number: int
    module: nn.Module
    inputs: Read
    initial: tuple[Tensor, ...] | None
    output: Read | None
    states: tuple[Tensor, ...]
    weights: dict[str, Tensor]
    given: tuple[Tensor, ...]
    continues: "Call | None" = None
    autocast: torch.dtype | None = None
    generator: Tensor | None = None
    gradients: dict[str, Tensor | None] = field(default_factory=dict)

    @property
    def cell(self) -> str:
        """What the engine calls it, a key of its `CELLS`."""
        return next(cell for kind, cell in _READ.items() if isinstance(self.module, kind))

    @property
    def is_cell(self) -> bool:
        """Whether it is one step of a cell, and no sequence."""
        return isinstance(self.module, nn.RNNCellBase)

    @property
    def has_levels(self) -> bool:
        """Whether the first axis of its last states is that of layers and directions."""
        return isinstance(self.module, nn.RNNBase)

    @property
    def dtype(self) -> torch.dtype:
        """The format in which the module has computed: of its states, or that of autocast."""
        return self.autocast or self.states[0].dtype

    @property
    def reached(self) -> bool:
        """Whether the loss depends on anything that it gave."""
        return any(self.gradients.get(name) is not None for name in ("output", "h_n", "c_n"))

    @property
    def lengths(self) -> tuple[int, ...] | None:
        """Of the N sequences that were packed; None where they are equally long by construction."""
        if not isinstance(self.inputs, PackedSequence):
            return None
        return tuple(pad_packed_sequence(self.inputs)[1].tolist())

    def by_time(self, read: Read | None, gradient: bool = False) -> Array | None:
        """What it read or gave, or its gradient, as (T, N, features) in float64; of packed sequences filled with zeros.

        Args:
            read: `inputs` or `output`.
            gradient: whether the gradient of it is asked for, in place of its values.
        """
        values = self.gradients.get("inputs" if read is self.inputs else "output") if gradient else read
        if read is None or values is None:
            return None
        if isinstance(read, PackedSequence):
            data = values.data if isinstance(values, PackedSequence) else values
            packed = PackedSequence(data.detach(), read.batch_sizes, read.sorted_indices, read.unsorted_indices)
            return as_array(pad_packed_sequence(packed)[0])
        assert isinstance(values, Tensor)
        if values.dim() == (1 if self.is_cell else 2):
            values = values.unsqueeze(0 if self.is_cell else 1)
        elif isinstance(self.module, nn.RNNBase) and self.module.batch_first:
            values = values.transpose(0, 1)
        return as_array(values[None] if self.is_cell else values)

    def by_layer(self, states: Tensor | None) -> Array | None:
        """States of layers × directions, or their gradient, as (layers · directions, N, H) in float64."""
        if states is None:
            return None
        unbatched = states.dim() == (2 if self.has_levels else 1)
        values = states.unsqueeze(1 if self.has_levels else 0) if unbatched else states
        return as_array(values if self.has_levels else values[None])


def as_array(values: Tensor) -> Array:
    """A copy of a tensor's values, of whatever format and device, in float64 on the CPU."""
    found: Array = values.detach().cpu().to(torch.float64, copy=True).numpy()
    return found


@dataclass(frozen=True)
class Capture:
    """One pass of a model.

    Attributes:
        loss: its value.
        calls: of all recurrent modules, in the order in which they ended.
        remarks: what of the model was not read, a sentence each.
    """

    loss: float
    calls: tuple[Call, ...]
    remarks: tuple[str, ...]


def capture(model: nn.Module, inputs: Sequence[Any], keywords: Mapping[str, Any], loss: Loss | None) -> Capture:
    """Run a model once forwards and once backwards, and say what its recurrent modules read, gave and heard.

    Within `left_as_it_was`, where the weights of the calls are still those that they have used.

    Raises:
        ValueError: the model has no recurrent module, the loss is no single finite number, or depends on none of them.
    """
    if loss is not None and not callable(loss):
        raise ValueError(f"loss, of the type {type(loss).__name__}, is no function of what the model gives")
    recorder = _Recorder(model)
    with _plain(), recorder.listening():
        read, by_name = _each((tuple(inputs), tuple(keywords.values())), _openable)
        found = _scalar(model(*read, **dict(zip(keywords, by_name, strict=True))), loss)
        recorder.check(found)
        _differentiate(found, recorder.calls)
    recorder.check_reached()
    return Capture(float(found.detach()), tuple(recorder.calls), tuple(recorder.remarks))


@contextmanager
def left_as_it_was(model: nn.Module) -> Iterator[None]:
    """Afterwards a model's weights, `.grad`, buffers, attributes and modes are as before, and so is what is drawn next.

    Models may train within a call. Random numbers are those of torch, NumPy and Python: whether a decoder is told the
    true word is often Python's say.

    Raises:
        ValueError: it is no model, or one without values or gradients.
    """
    _check_model(model)
    devices = {tensor.device for tensor in (*model.parameters(), *model.buffers())}
    on_gpu = [device for device in devices if device.type == "cuda"]
    attributes = [(vars(module), _with_contents(vars(module))) for module in model.modules()]
    gradients = [(parameter, parameter.grad) for parameter in model.parameters()]
    heard = (gradient for _, gradient in gradients if gradient is not None)
    held = (*model.parameters(), *model.buffers(), *heard, *_plain_tensors(attributes))
    tensors = {id(tensor): tensor for tensor in held}.values()
    values = [(tensor, tensor.detach().clone()) for tensor in tensors]
    drawn = random.getstate(), np.random.get_state()  # what models draw from
    with torch.random.fork_rng(devices=on_gpu):
        try:
            yield
        finally:
            for now, were in attributes:
                _put_back(now, were)
            with torch.no_grad():
                for tensor, was in values:
                    if tensor.layout != torch.strided or not torch.equal(tensor, was):  # a graph may still need it
                        tensor.detach().copy_(was)
            for parameter, gradient in gradients:
                parameter.grad = gradient
            random.setstate(drawn[0])
            np.random.set_state(drawn[1])


def _check_model(model: nn.Module) -> None:
    if not isinstance(model, nn.Module):
        raise ValueError(f"model, of the type {type(model).__name__}, is no torch.nn.Module")
    if any(nn.parameter.is_lazy(values) for values in (*model.parameters(), *model.buffers())):
        raise ValueError("the model has weights whose shapes its first call decides; call it once before")
    if any(values.is_meta for values in (*model.parameters(), *model.buffers())):
        raise ValueError("the model has weights without values, on the device meta; load them before")
    if any(values.is_inference() for values in model.parameters()):
        raise ValueError("the model has weights made in inference_mode, which have no gradients; make them outside")


def _with_contents(attributes: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Each attribute, and what it holds where it is a plain dictionary or list, as a module's parameters are."""
    plain = (dict, OrderedDict, list)
    return {name: (value, value.copy() if type(value) in plain else None) for name, value in attributes.items()}


def _plain_tensors(attributes: Sequence[tuple[Any, Mapping[str, tuple[Any, Any]]]]) -> Iterator[Tensor]:
    """The tensors among attributes, or in a dictionary or list that is one: a state that is kept and written over."""
    for _, were in attributes:
        for value, contents in were.values():
            held = contents.values() if isinstance(contents, dict) else contents or ()
            found = (part for part in (value, *held) if type(part) is Tensor)
            yield from (part for part in found if part.layout == torch.strided and not part.is_meta)


def _put_back(now: dict[str, Any], were: Mapping[str, tuple[Any, Any]]) -> None:
    """Attributes as they were: the very objects, for the handles of hooks know the dictionary that they are in."""
    for name in now.keys() - were.keys():
        del now[name]
    for name, (value, contents) in were.items():
        now[name] = value
        if contents is not None:
            value.clear()
            (value.extend if isinstance(value, list) else value.update)(contents)


@contextmanager
def _plain() -> Iterator[None]:
    """Within, cuDNN keeps out (it differentiates in training mode only), and nothing is compiled."""
    compiled = "torch._dynamo" in sys.modules  # else nothing of the model can be, and that is a second to load
    with ExitStack() as within:
        within.enter_context(torch.backends.cudnn.flags(enabled=False))
        within.enter_context(torch.compiler.set_stance("force_eager") if compiled else nullcontext())
        yield


class _Recorder:
    """Hooks on each recurrent module of a model, and what they have seen."""

    def __init__(self, model: nn.Module) -> None:
        self.calls: list[Call] = []
        self.remarks: list[str] = []
        self._closed: set[str] = set()
        self._complete = False
        self._generator: Tensor | None = None
        self._names = self._read_names(model)
        if not self._names:
            raise ValueError(_nothing_found(model, self.remarks))
        for module, name in self._names.items():
            if any(values.is_complex() for values in module.parameters()):
                raise ValueError(f"{name} has complex weights; networks of real numbers alone are read")

    def _read_names(self, model: nn.Module) -> dict[nn.Module, str]:
        """The modules that are read, and what each is called: by its first name in the model."""
        found: dict[nn.Module, str] = {}
        for path, module in model.named_modules(remove_duplicate=False):
            kind = next((kind for kind in _READ if isinstance(module, kind)), None)
            if kind is None:
                continue
            name = path.replace(_COMPILED_PREFIX, "").removesuffix("._orig_mod") or type(module).__name__
            name = type(module).__name__ if name == "_orig_mod" else name
            if any(getattr(type(module), way, None) is not getattr(kind, way, None) for way in _WAYS):
                self._remark(
                    f"{name} is of the class {type(module).__name__}, with a forward of its own: it is not read."
                )
            elif module in found and name != found[module]:
                self._remark(f"{name} is the same module as {found[module]}, and its calls are counted there.")
            else:
                found[module] = name
        self._remark_others(model)
        return found

    def _remark_others(self, model: nn.Module) -> None:
        """Name the modules that are recurrent in a way of their own, as far as their names say that: none is read."""
        known: list[str] = []
        for path, module in model.named_modules():
            kind = getattr(module, "original_name", type(module).__name__)  # that of a module of TorchScript
            holds = any(isinstance(part, tuple(_READ)) for part in module.modules())
            named = isinstance(module, InputGated) or _RECURRENT.search(kind)
            if holds or not named or any(path.startswith(before) for before in known):
                continue
            known.append(f"{path}." if path else "")
            name = path or "The model"
            self._remark(f"{name} is of the class {kind}, by its name recurrent in a way of its own: it is not read.")

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within, the hooks are there; they go in any case.

        What is computed again on the way back, as by a checkpoint, has to meet them again, or its graph is another one.
        """
        with ExitStack() as handles:
            for module in self._names:
                before = module.register_forward_pre_hook(self._about_to_read, with_kwargs=True)
                after = module.register_forward_hook(self._heard, with_kwargs=True, prepend=True)
                handles.callback(before.remove)
                handles.callback(after.remove)
            yield

    def check(self, loss: Tensor) -> None:
        """End the record, and refuse a loss that gradients cannot come from."""
        self._complete = True
        if not self.calls and not self._closed:
            raise ValueError(f"the model never calls {_listed(self._names.values())}, its recurrent modules")
        if not math.isfinite(float(loss.detach())):
            raise ValueError(f"the loss is {float(loss.detach())}, which has no gradient to follow")
        if not loss.requires_grad or not self.calls:
            raise ValueError(self._independent())

    def check_reached(self) -> None:
        """Say which calls the loss does not depend on; refuse where that is all of them."""
        if not any(call.reached for call in self.calls):
            raise ValueError(self._independent())
        for call in self.calls:
            if not call.reached and not call.is_cell:
                self._remark(f"The loss does not depend on what {title(call)} gave: no gradient comes back to it.")
        for name in sorted(set(self._names.values()) - {call.name for call in self.calls} - self._closed):
            self._remark(f"{name} is never called: nothing is known of its gradient.")
        for name in sorted(self._closed):
            self._remark(f"{name} runs where {_OUT_OF_REACH}: there it is not read.")

    def _independent(self) -> str:
        names = _listed(self._names.values())
        if self._closed:
            return f"no gradient comes back to {names}; {_OUT_OF_REACH} around {_listed(self._closed)}"
        return f"the loss does not depend on what {names} gave"

    def _remark(self, sentence: str) -> None:
        if sentence not in self.remarks:
            self.remarks.append(sentence)

    def _about_to_read(
        self, module: nn.Module, args: tuple[Any, ...], keywords: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Let a module read a tensor of its own, so that the gradient of its inputs is that of no other reader."""
        if module not in self._names:
            raise ValueError(
                f"the model calls copies of {_listed(self._names.values())}, as nn.DataParallel makes one for each "
                "device; give the model that it holds, model.module"
            )
        name = _named(module)
        if _is_out_of_reach() or not (args or name in keywords):
            return None
        self._generator = torch.get_rng_state() if drops(module) else None
        if args:
            return (_each(args[0], _own), *args[1:]), keywords
        return args, keywords | {name: _each(keywords[name], _own)}

    def _heard(self, module: nn.Module, args: tuple[Any, ...], keywords: dict[str, Any], result: Any) -> Any:
        """Keep what a call read and gave; what goes on is a copy, so that nobody changes what is kept."""
        name = self._names[module]
        if _is_out_of_reach():
            self._closed.add(name)
            return result
        before = [call for call in self.calls if call.module is module]
        initial = _states(args[1] if len(args) > 1 else keywords.get("hx"))
        output, states = (None, result) if isinstance(module, nn.RNNCellBase) else result
        output, states = _each(output, _kept), _each(states, _kept)
        goes_on = _each((output, states), torch.clone)
        gives = goes_on if output is not None else goes_on[1]
        if self._complete:
            return gives
        given = _states(goes_on[1])
        assert given is not None
        self.calls.append(
            Call(
                name=name,
                number=len(before) + 1,
                module=module,
                inputs=args[0] if args else keywords[_named(module)],
                initial=initial,
                output=output,
                states=_states(states) or (),
                weights=_weights(module),
                given=given,
                continues=next((call for call in reversed(before) if initial and _same(initial, call.given)), None),
                generator=self._generator,
                autocast=_autocast(given[0].device.type),
            )
        )
        return gives


def _named(module: nn.Module) -> str:
    """What its forward calls what it reads."""
    return "inputs" if isinstance(module, tuple(LACKED)) else "input"


def _is_out_of_reach() -> bool:
    """Whether no gradient could be asked for here, or none of what is seen here: torch.func wraps it."""
    return not torch.is_grad_enabled() or torch._C._functorch.peek_interpreter_stack() is not None


def _openable(values: Tensor) -> Tensor:
    """What autograd may keep: tensors that were made in inference_mode it does not."""
    return values.clone() if values.is_inference() else values


def _own(values: Tensor) -> Tensor:
    return values.view_as(values) if values.requires_grad else values.detach().clone().requires_grad_()


def _kept(values: Tensor) -> Tensor:
    return values.view_as(values)


def _each(values: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Tensors, packed or in tuples, changed; all else as it is."""
    if isinstance(values, Tensor):
        return change(values)
    if isinstance(values, PackedSequence):
        return values._replace(data=change(values.data))
    if type(values) is tuple:
        return tuple(_each(value, change) for value in values)
    return values


def _same(states: tuple[Tensor, ...], others: tuple[Tensor, ...]) -> bool:
    """Whether states are the very tensors."""
    return all(one is other for one, other in zip(states, others, strict=True))


def _autocast(device: str) -> torch.dtype | None:
    """The format in which `torch.autocast` lets matrix products be computed here and now."""
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else None


def drops(module: nn.Module) -> bool:
    """Whether a module leaves some of its states out at random between its layers, as it is now."""
    return isinstance(module, nn.RNNBase) and module.training and module.dropout > 0 and module.num_layers > 1


def _states(values: Any) -> tuple[Tensor, ...] | None:
    """The states h, or (h, c), as a tuple."""
    if values is None:
        return None
    return (values,) if isinstance(values, Tensor) else tuple(values)


def _weights(module: nn.Module) -> dict[str, Tensor]:
    """The weights as the module has just used them, whatever has made them of its parameters.

    A cell's get torch's names of a first layer.
    """
    if isinstance(module, nn.RNNBase):
        return dict(zip(module._flat_weights_names, module._flat_weights, strict=True))  # type: ignore[arg-type]
    level = "" if isinstance(module, nn.RNNCellBase) else "_l0"
    found = {f"{name}_l0": getattr(module, name + level, None) for name in _PARTS}
    return {name: values for name, values in found.items() if values is not None}


def _scalar(output: Any, loss: Loss | None) -> Tensor:
    """The loss, of what a model gave."""
    if loss is None:
        found = output if isinstance(output, Tensor) else getattr(output, "loss", None)
        if found is None:
            raise ValueError(
                f"what the model gives, of the type {type(output).__name__}, has no loss; say loss=lambda output: …, "
                "which makes a single number of it"
            )
    else:
        found = loss(output)
    if not isinstance(found, Tensor):
        raise ValueError(
            f"the loss is of the type {type(found).__name__}; it has to be a tensor that holds a single number"
        )
    if found.numel() != 1 or not found.is_floating_point():
        raise ValueError(
            f"the loss has the shape {tuple(found.shape)} and holds {str(found.dtype).removeprefix('torch.')}; it has "
            "to be a single number: say loss=lambda output: …, which makes one of what the model gives"
        )
    return found.reshape(())


def _differentiate(loss: Tensor, calls: Sequence[Call]) -> None:
    """Fill in the gradients of all calls, in one pass back."""
    asked: list[tuple[Call, str, Tensor]] = []
    for call in calls:
        parts = {"inputs": call.inputs, "output": call.output, **dict(zip(("h_n", "c_n"), call.states, strict=False))}
        asked += [(call, name, part.data if isinstance(part, PackedSequence) else part)
                  for name, part in parts.items() if part is not None]  # fmt: skip
    open_ones = [(call, name, tensor) for call, name, tensor in asked if tensor.requires_grad]
    try:
        found = torch.autograd.grad(loss, [tensor for _, _, tensor in open_ones], allow_unused=True)
    except RuntimeError as error:
        if "use_reentrant" not in str(error):
            raise
        raise ValueError(
            "a part of the model runs under torch.utils.checkpoint with use_reentrant=True, which finds gradients of "
            "parameters alone; say use_reentrant=False there"
        ) from error
    for (call, name, _), gradient in zip(open_ones, found, strict=True):
        call.gradients[name] = gradient


def title(call: Call) -> str:
    """What a call is named: "encoder.rnn", or from the second on "encoder.rnn, call 2"."""
    return call.name if call.number == 1 else f"{call.name}, call {call.number}"


def _nothing_found(model: nn.Module, remarks: Sequence[str]) -> str:
    if isinstance(model, torch.jit.ScriptModule):
        return "the model is compiled by TorchScript, which hides its modules; give the one that it was made from"
    return " ".join(
        [f"{type(model).__name__} has no nn.RNN, nn.LSTM, nn.GRU or cell of these that could be read.", *remarks]
    )


def _listed(names: Any) -> str:
    return ", ".join(sorted(names))
