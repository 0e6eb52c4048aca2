"""What "Shapes of recurrence" says: titles, what a stop shows, table and notes, from the words in content/."""

import math
from collections.abc import Mapping
from typing import Any

from rnn_dynamics.content import Says
from rnn_dynamics.content.numbers import power_of_ten, short, subscripted, two_decimals
from rnn_dynamics.pictures.kit.finding import Words, above, claimed, first, said
from rnn_dynamics.pictures.shapes.answer import OVER, ZEROS, ShapeAnswer, read_stop

#: log10 of the ratio from which on gradients are said to differ.
_WORTH_A_NOTE = math.log10(2.0)
#: So many numbers of an output are written out.
_SHOWN = 3


def texts(words: Words, answer: ShapeAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """Claim, caption (what the stop shows), loss (what stands in it), nodes (name -> text) and edges (in order)."""
    says, loss = _says(answer), words["no_loss" if views["stop"].startswith("forward") else "loss"]
    digits = 1 if answer.shape.feeds_back else 2  # where outputs are read again, edges stand close
    return {
        "claim": words["titles"][_claim(answer)].format_map(says),
        "caption": _caption(words["steps"], answer, views["stop"], says),
        "loss": loss.format_map(says),
        "nodes": {node: "0" if node in ZEROS else subscripted(node) for node in answer.trace.log10_norms},
        "edges": [short(edge.log10_norm, digits) for edge in answer.trace.edges],
    }


def finding(words: Words, answer: ShapeAnswer, _: Mapping[str, str]) -> str:
    """The shape, its parameters, each matrix, and the notes, as HTML; the same at every stop."""
    says, single, names = _says(answer), answer.experiment.sequence_length == 1, words["table"]["names"]
    cells = ("two_cells" if answer.shape.has_decoder else "one_cell") + "_one" * single
    shape = words["finding"][answer.trace.shape].format_map(says)
    parameters = words["parameters"]["alone" if answer.trace.shape == "one-to-one" else cells].format_map(says)
    rows = (Says(of, kind=name[2:], letter=name[0], name=names[name[2:]]) for name, of in answer.trace.shared.items())
    return above(shape, parameters) + said(words, says, rows, _notes(answer))


def claim(words: Words, answer: ShapeAnswer, _: Mapping[str, str]) -> str:
    """What the shape does to the gradients of what its edges share, as HTML."""
    ratio = answer.trace.shared["W_hh"].log10_ratio
    return claimed(
        words,
        _says(answer),
        one_to_one=answer.trace.shape == "one-to-one",
        decoder=answer.shape.has_decoder,
        single=answer.experiment.sequence_length == 1,
        shared=_differ(ratio),
        alike=math.isfinite(ratio),
        nothing=True,
    )


def _differ(log10_ratio: float) -> bool:
    """Whether the gradients of edges that share a matrix differ by enough to be told."""
    return math.isfinite(log10_ratio) and log10_ratio > _WORTH_A_NOTE


def _says(answer: ShapeAnswer) -> Says:
    back, norms = answer.experiment.sequence_length - 1, answer.trace.log10_norms
    factor, layer = answer.log10_left / max(1, back), norms["x1"] - norms["h1"]
    bottleneck = answer.trace.through.get(f"h{back + 1}→s1")  # from the decoder back into the encoder
    biases = 2 if answer.experiment.bias else 0  # so many vectors of them, as in PyTorch
    columns = "2H" if answer.cell.oscillates else "H"  # of W_hh
    extra = {"layer": layer, "steps": len(answer.steps), "bottleneck": bottleneck, "biases": biases, "over": OVER}
    return Says(answer, back=back, factor=factor, columns=columns, **extra)


def _claim(answer: ShapeAnswer) -> str:
    """Which title is true."""
    shape, single, through = answer.trace.shape, answer.experiment.sequence_length == 1, answer.trace.through
    if answer.shape.has_decoder:
        into = through["h1→s1" if single else "h1→h2"]  # of the LSTM, c's part too
        return "encoder_decoder" if math.isfinite(into) else "encoder_decoder_nothing"
    if single:
        return "one_to_one" if shape == "one-to-one" else "single"
    if shape == "aligned":
        own, later = through["h1→y1"], through["h1→h2"]
        alike = power_of_ten(own) == power_of_ten(later)
        return first(aligned_alike=alike, aligned_near=own > later, aligned_far=True)
    return f"many_to_one_{_fate(answer)}" if shape == "many-to-one" else "one_to_many"


def _fate(answer: ShapeAnswer) -> str:
    """What becomes of the error on its way back."""
    left, one = answer.log10_left, "_one" * (answer.experiment.sequence_length == 2)
    changes = f"{'grows' if left > 0.0 else 'shrinks'}{one}"
    return first(nothing=not math.isfinite(left), holds=power_of_ten(left) == "1", **{changes: True})


def _caption(words: Words, answer: ShapeAnswer, stop: str, says: Says) -> str:
    """What a stop shows, in numbers."""
    way, place = read_stop(stop)
    if not place:
        return str(words[way].format_map(says))
    step, trace = answer.steps[place - 1], answer.trace
    written = trace.outputs[place - 1 - len(answer.steps), 0].tolist() if step.output else []  # the last K steps write
    at_step = {
        "step": step,
        "norm": math.hypot(*trace.hidden_states[place].flat),
        "values": ", ".join([*map(two_decimals, written[:_SHOWN]), *["…"] * (len(written) > _SHOWN)]),
        "gradient": trace.log10_norms[step.state],
        "to_source": trace.through[f"{step.source}→{step.state}"],
        "to_before": trace.through[f"{step.before}→{step.state}"],
    }
    return str(words["forward_output" if written and way == "forward" else way].format_map(at_step))


def _notes(answer: ShapeAnswer) -> dict[str, object]:
    cell, ratio = answer.cell, answer.trace.shared["W_hh"].log10_ratio
    return {
        "shared": _differ(ratio) and answer.shape.has_decoder,
        "fed_back": answer.fed_back,
        **({answer.why: True} if all(map(math.isfinite, answer.fed_back.values())) and answer.fed_back else {}),
        "gated_cell" if len(cell.components) > 1 else "gated": cell.gates,
        "oscillating": cell.oscillates,
        "cost" if len(answer.steps) > 1 else "cost_one": True,
    }
