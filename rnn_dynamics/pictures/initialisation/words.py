"""What the page "What initialisation really does" says: its lines, its claim, its notes; the words are in content/."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rnn_dynamics.content import sentences
from rnn_dynamics.engine.cells import CELLS
from rnn_dynamics.experiment import Experiment
from rnn_dynamics.pictures.initialisation.table import InitialisationRow, Line
from rnn_dynamics.pictures.kit.digits import warning
from rnn_dynamics.pictures.kit.numbers import power_of_ten, times

PAGE = "initialisation"
#: What a framework does when nobody asks for anything.
FRAMEWORKS = ("torch", "keras")

Key = tuple[str, str]
Rows = Mapping[Key, InitialisationRow]


def lines(keys: Sequence[Key], rows: Rows, order: str) -> list[Line]:
    """The lines of the picture from the top.

    Args:
        keys: (scheme, cell) of all of them.
        rows: those that are computed.
        order: "scheme", or "factor": the smallest on top, what is not computed at the bottom.
    """
    if order == "factor":
        keys = sorted(keys, key=lambda key: rows[key].log10_factor.median if key in rows else float("inf"))
    above = [None, *(scheme for scheme, _ in keys)]
    return [_line(key, rows.get(key), repeated=key[0] == last) for key, last in zip(keys, above, strict=False)]


def _line(key: Key, row: InitialisationRow | None, repeated: bool) -> Line:
    words, (scheme, cell) = sentences(PAGE), key
    names, texts = words["schemes"][scheme], words["line"]
    says = {"scheme": names["name"], "cell": CELLS[cell].label}
    return Line(
        cell=cell,
        name=says["cell"],
        scheme="" if repeated else names["name"],
        short=f"{cell.upper()} {names['short']}",
        marked=scheme in FRAMEWORKS,
        row=row,
        factor=_factor(row.log10_factor.median) if row else texts["missing"],
        horizon=_horizon(row) if row else "",
        remains=power_of_ten(row.log10_share.median) if row else "",
        details=texts["details"].format(**says, **_numbers(row)) if row else texts["waiting"].format(**says),
    )


def _numbers(row: InitialisationRow) -> dict[str, str]:
    factor, share = row.log10_factor, row.log10_share
    ends = {"low": factor.low, "median": factor.median, "high": factor.high}
    shares = {"share_low": share.low, "share": share.median, "share_high": share.high}
    return {
        "networks": str(row.networks),
        **{name: _factor(value) for name, value in ends.items()},
        **{name: power_of_ten(value) for name, value in shares.items()},
    }


def _horizon(row: InitialisationRow) -> str:
    texts = sentences(PAGE)["line"]
    return str(texts["never"] if row.horizon is None else texts["steps"].format(lag=row.horizon))


def _left(row: InitialisationRow) -> str:
    """Which sentence says after how many steps 1 % is left."""
    return "never" if row.horizon is None else "step" if row.horizon == 1 else "steps"


def _factor(log10_factor: float) -> str:
    """With its zeros, so that the points of a column stand below each other."""
    return times(log10_factor, "#.3g")


def headline(experiment: Experiment, rows: Rows) -> str:
    """What the picture shows, with its numbers; "|" begins a line."""
    titles, lstm = sentences(PAGE)["titles"], rows.get(("torch", "lstm"))
    if lstm is None:
        return str(titles["waiting"])
    as_well = _vanishes(rows, "lstm") and _vanishes(rows, "rnn")
    says = {
        "start": titles["start"] if experiment.weight_scale == 1.0 else titles["start_scaled"],
        "weight_scale": experiment.weight_scale,
        "factor": _factor(lstm.log10_factor.median),
        "share": power_of_ten(lstm.log10_share.median),
        "left": titles[f"left_{_left(lstm)}"].format(lag=lstm.horizon),
    }
    says["start"] = says["start"].format(**says)
    claim = titles["vanishes_too" if as_well else lstm.outcome].format(**says)
    remedies = {name: rows.get((name, "lstm")) for name in ("forget_both", "chrono")}
    factors = {name: _factor(row.log10_factor.median) for name, row in remedies.items() if row}
    known = len(factors) == len(remedies)
    return f"{claim}{titles['remedies'].format(**factors) if known else titles['no_remedies']}"


def _vanishes(rows: Rows, cell: str) -> bool:
    """At PyTorch's default."""
    row = rows.get(("torch", cell))
    return row is not None and row.outcome == "vanishes"


def finding(experiment: Experiment, rows: Rows, seeds: range, missing: int) -> str:
    """The notes below the picture, as HTML."""
    return "".join(f'<p class="note">{text}</p>' for text in _notes(experiment, rows, seeds, missing))


def _notes(experiment: Experiment, rows: Rows, seeds: range, missing: int) -> Iterator[str]:
    notes = sentences(PAGE)["notes"]
    if missing:
        yield notes["missing"].format(missing=missing, all=missing + len(rows))
    says: dict[str, object] = {
        f"{scheme}_{cell}": _factor(row.log10_factor.median) for (scheme, cell), row in rows.items()
    }
    says["weight_scale"] = experiment.weight_scale
    dropped = () if _vanishes(rows, "lstm") else ("gates",)
    for name in ("gates", "forget", "keras", "chrono", "irnn"):
        if name not in dropped and all(key in says for key in notes[name]["needs"]):
            kind = "scaled" if experiment.weight_scale != 1.0 and "scaled" in notes[name] else "text"
            yield notes[name][kind].format(**says)
    if any(row.outcome == "vanishes" for row in rows.values()):
        yield notes["learn"]
    if experiment.loss_at == "every":
        yield notes["every"]
    size = {"hidden_size": experiment.hidden_size, "networks": len(seeds), "first": seeds[0], "last": seeds[-1]}
    yield notes["spread"].format(**size)
    if rows and (unsure := warning(min(row.digits for row in rows.values()))):
        yield unsure
