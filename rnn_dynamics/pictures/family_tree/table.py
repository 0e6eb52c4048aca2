"""The tables of "Family tree": a curve for each cell, and what a step back leaves of its gradient."""

import numpy as np

from rnn_dynamics.pictures.family_tree.answer import Member, TreeAnswer
from rnn_dynamics.pictures.kit import frames
from rnn_dynamics.pictures.kit.axes import axis_ends, reaching
from rnn_dynamics.pictures.kit.frames import Frame, Tables, Texts, Views, table, whole

#: Where the axis of factors may end: few values, so that it stands still while a slider moves.
_HIGHS = (1.25, 2.0, 4.0, 10.0)
#: Names of curves that fit above each other on a phone.
_PHONE_LINES = 12


def tables(answer: TreeAnswer, texts: Texts, _: Views) -> Tables:
    """Curves and labels (of each cell, by name), members (a row for each cell), and whole (one row).

    A factor that is not known is no value, and one beyond the axis stands at its end.
    """
    members = answer.members
    curves = {member.cell.name: member.whole for member in members}
    ends = axis_ends(*curves.values())
    factors, paths = (10.0 ** np.array(of, float) for of in zip(*(_log10(member) for member in members), strict=True))
    high = reaching(np.nanmax([*factors, *paths, 0.0]), _HIGHS)
    return {
        "curves": frames.curve_rows(curves, ends),
        "labels": frames.label_rows(curves, texts["labels"], ends, on_a_phone=_PHONE_LINES),
        "members": table(
            cell=[member.cell.name for member in members],
            middle=np.arange(len(members)) + 0.5,
            factor=np.minimum(factors, high),
            path=np.minimum(paths, high),
            name=texts["names"],
            number=texts["numbers"],
        ),
        "whole": whole(answer.experiment, ends, texts, members=len(members), most=high),
    }


def _log10(member: Member) -> tuple[float, float]:
    path = member.log10_path
    return member.verdict.log10_factor, np.nan if path is None else path


def states_file(answer: TreeAnswer, _: Views) -> Frame:
    """Every cell: cell, step, lag, log10_norm of its state's gradient, and log10_path of the part along its path."""
    steps, lags = frames.every_step(answer.experiment.sequence_length).values()
    parts = (
        (member.cell.name, steps, lags, member.whole, np.nan if member.path is None else member.path)
        for member in answer.members
    )
    return Frame(frames.joined(("cell", "step", "lag", "log10_norm", "log10_path"), parts))
