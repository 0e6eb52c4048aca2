"""The tables of a real network trained with and without clipping: norms and losses by update."""

import numpy as np

from rnn_dynamics.pictures.clipping.answer import ClippingAnswer
from rnn_dynamics.pictures.kit.axes import level_place
from rnn_dynamics.pictures.kit.frames import Frame, Tables, Texts, Views, joined, one_row, points, table

#: The axis of the norms ends at whole multiples of so many orders of magnitude, that of the losses at so many times the
#: loss of chance.
_STRIDE, _TOP = 2.0, 6.0
#: How much the name of a level takes of its panel's width.
_NAME = 0.25


def tables(answer: ClippingAnswer, texts: Texts, views: Views) -> Tables:
    """Tables updates (clipping, update, log10_norm, loss), ends (the same, where a network was lost), levels, whole."""
    limit, chance = float(np.log10(answer.training.clip_at)), answer.training.chance_loss
    norms = np.concatenate([of.log10_norms for of in answer.networks])
    rows = network_file(answer, views).drop(columns="gradient_norm").assign(log10_norm=norms)
    lost = rows["update"] == rows["clipping"].map({of.training.clipping: of.ended for of in answer.networks})
    finite = np.array([limit, *norms[np.isfinite(norms)]])
    low, high = _STRIDE * np.floor((finite.min() - 0.1) / _STRIDE), _STRIDE * np.ceil((finite.max() + 0.1) / _STRIDE)
    count, every = answer.training.iterations, [np.arange(1.0, len(of.losses) + 1.0) for of in answer.networks]
    heights = [of.log10_norms for of in answer.networks], [of.losses for of in answer.networks]
    places = [
        level_place(level, zip(every, of, strict=True), count, ends, _NAME)
        for level, of, ends in zip((limit, chance), heights, ((low, high), (0.0, _TOP * chance)), strict=True)
    ]
    return {
        "updates": points(**rows),
        "ends": points(**rows[lost]),
        "levels": table(
            name=["threshold", "chance"],
            value=[limit, chance],
            text=[texts["threshold"], texts["chance"]],
            **{column: [of[column] for of in places] for column in ("end", "above")},
        ),
        "whole": one_row(
            texts,
            updates=count,
            low=low,
            high=high,
            top=_TOP * chance,
        ),
    }


def network_file(answer: ClippingAnswer, _: Views) -> Frame:
    """A tidy frame: columns clipping, update, gradient_norm (before clipping) and loss."""
    of = ((one.training.clipping, np.arange(1, len(one.losses) + 1), one.norms, one.losses) for one in answer.networks)
    return Frame(joined(("clipping", "update", "gradient_norm", "loss"), of))
