"""The tables of the latch x′ = tanh(w x): its curve, two paths as cobwebs, and where they settle."""

from rnn_dynamics.pictures.kit.frames import Tables, Texts, Views, joined, one_row, points, table
from rnn_dynamics.pictures.latch.answer import LatchAnswer


def tables(answer: LatchAnswer, texts: Texts, _: Views) -> Tables:
    """Lines (of name, from point to point), attractors, whole."""
    lines = joined(("name", "state", "next"), ((name, *corners.T) for name, corners in answer.lines.items()))
    return {"lines": points(**lines), "attractors": table(state=answer.attractors), "whole": one_row(texts)}
