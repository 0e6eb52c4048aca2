"""What "The cliff and clipping" says: titles, names, table and notes, from the words in content/ and an answer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from rnn_dynamics.content import counted
from rnn_dynamics.content.numbers import decimals, power_of_ten, signed, three_digits
from rnn_dynamics.engine.region import Region
from rnn_dynamics.pictures.cliff.answer import BESIDE, DEAD, NEIGHBOURS, CliffAnswer
from rnn_dynamics.pictures.cliff.surface import GRID, REGIONS, landscape
from rnn_dynamics.pictures.kit.finding import finding as as_html

Words = Mapping[str, Any]
#: Degrees that are worth a title.
_VISIBLE_TURN = 10.0
#: A learning rate that many would call safe.
_SMALL_RATE = 0.01


def texts(words: Words, _: CliffAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """What is written on the map, by its place."""
    marks = landscape(views["region"]).marks.items()
    return {name: words["picture"][name].format(error=f"{error:.2f}") for name, (_, _, error) in marks}


def texts_of_descents(words: Words, answer: CliffAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """The titles, start and threshold; name, leaves and fell by the kind of clipping."""
    says, picture, region = _says(answer), words["picture"], REGIONS[views["region"]]
    return {
        "name": {kind: words["names"][kind].format(**says) for kind in answer.paths},
        "leaves": {kind: _leaves(picture["leaves"], answer, kind, region) for kind in answer.paths},
        "fell": {kind: picture["fell"].format(norm=_power(norms.min())) for kind, norms in answer.norms.items()},
        "map": _claim(words["titles"], answer, says),
        "errors": words["titles"]["errors"].format(**says),
        "norms": words["titles"]["norms_above" if answer.clips else "norms_below"].format(**says),
        "start": picture["start"],
        "threshold": picture["threshold"].format(**says),
    }


def finding(words: Words, answer: CliffAnswer, _: Mapping[str, str]) -> str:
    """The sentence, the table and the notes, as HTML."""
    says, table = _says(answer), words["table"]
    rows = (_row(table, words["names"][kind].format(**says), answer, kind) for kind in answer.paths)
    equation = words["equation"][_outcome(answer)].format(**says)
    return as_html(table["head"].format(**says), rows, _notes(words["notes"], answer, says), equation)


def _leaves(sentence: str, answer: CliffAnswer, kind: str, region: Region) -> str:
    """What is said where a path leaves the map, "" if it does not."""
    points = answer.paths[kind].points
    step = region.exit(points)
    if step is None:
        return ""
    w, b = map(three_digits, points[step].tolist())
    return sentence.format(step=step, w=w, b=b)


def _power(value: float) -> str:
    return power_of_ten(math.log10(value) if value > 0.0 else -math.inf)


def _claim(titles: Words, answer: CliffAnswer, says: Words) -> str:
    """The title of the map."""
    leavers = [kind for kind, step in answer.leaving.items() if step is not None]
    if answer.clips and not leavers and answer.furthest_turn > _VISIBLE_TURN:
        return counted(titles["turns"], answer.turned, **says)
    return str(titles[_kind_of_claim(answer, leavers)].format(**says))


def _kind_of_claim(answer: CliffAnswer, leavers: list[str]) -> str:
    if not answer.clips:
        return "same_leave" if leavers else "same"
    if "none" not in leavers:
        return "stays" if leavers else "all_stay"
    clipped = [kind for kind in leavers if kind != "none"]
    return f"{'jumps' if answer.jumps else 'walks'}_{'both' if len(clipped) > 1 else (clipped or ['alone'])[0]}"


def _says(answer: CliffAnswer) -> dict[str, Any]:
    """What the sentences are filled with."""
    start = answer.start
    return {
        "w": signed(start.w, 3),
        "b": signed(start.b, 3),
        "rate": f"{start.learning_rate:g}",
        "threshold": f"{start.threshold:g}",
        "steps": start.steps,
        "neighbours": len(NEIGHBOURS),
        "last_seed": NEIGHBOURS[-1],
        "reach": f"{GRID / 2:g}",
        **_of_the_gradients(answer),
        **{key: said for kind in answer.paths for key, said in _of_a_kind(answer, kind).items()},
        **_of_the_jump(answer),
    }


def _of_the_gradients(answer: CliffAnswer) -> dict[str, Any]:
    by_norm, step = answer.paths["norm"], answer.largest["none"]
    largest = float(answer.norms["none"][step - 1])
    return {
        "largest": three_digits(largest),
        "largest_step": step,
        "times": three_digits(largest / answer.start.threshold),
        "clipped": int(by_norm.clipped.sum()),
        "untouched": int((~by_norm.clipped).sum()),
        "smallest": three_digits(float(answer.norms["norm"].min())),
        "turned": answer.turned,
        "turn": three_digits(float(f"{answer.furthest_turn:.2g}")),
    }


def _of_a_kind(answer: CliffAnswer, kind: str) -> dict[str, Any]:
    path = answer.paths[kind]
    return {
        f"end_{kind}": decimals(float(path.errors[-1])),
        f"lowest_{kind}": decimals(float(path.errors.min())),
        f"norm_{kind}": three_digits(float(answer.norms[kind].max())),
        f"clipped_{kind}": int(path.clipped.sum()),
        f"count_{kind}": answer.counts[kind],
    }


def _of_the_jump(answer: CliffAnswer) -> dict[str, Any]:
    """Of the step without clipping that leaves the wide map, if one does."""
    step, free = answer.leaving["none"], answer.free
    if not step:
        return {}
    (w, b), (new_w, new_b) = free.points[step - 1].tolist(), free.points[step].tolist()
    return {
        "step": step,
        "step_norm": three_digits(float(free.norms[step - 1])),
        "length": three_digits(answer.jump),
        "from_w": signed(w, 3),
        "from_b": signed(b, 3),
        "to_w": three_digits(new_w),
        "to_b": three_digits(new_b),
        "to_error": decimals(float(free.errors[step])),
        "to_norm": _power(free.norms[step]),
    }


def _row(table: Words, name: str, answer: CliffAnswer, kind: str) -> str:
    says, step = _of_a_kind(answer, kind), answer.leaving[kind]
    shown = {key.removesuffix(f"_{kind}"): value for key, value in says.items()}
    shown["clipped"] = "–" if kind == "none" else shown["clipped"]
    return str(table["row"].format(name=name, leaves=table["leaves" if step else "stays"].format(step=step), **shown))


def _outcome(answer: CliffAnswer) -> str:
    """Which sentence stands above the table."""
    step = answer.leaving["none"]
    if not step:
        return "clipped" if answer.clips else "calm"
    if not answer.jumps:
        return "walks"
    return "dead" if answer.free.norms[step] < DEAD else "jumps"


def _notes(words: Words, answer: CliffAnswer, says: Words) -> Iterator[str]:
    if 0 < answer.counts["none"] < len(NEIGHBOURS):
        yield counted(words["luck"], answer.counts["none"], **says)
    yield words["neighbours"].format(**says)
    yield counted(words["turned"], answer.turned, **says) if answer.turned else words["not_turned"]
    if answer.leaving["none"] and answer.jumps and answer.start.learning_rate <= _SMALL_RATE:
        yield words["small_rate"].format(**says)
    ends = {kind: path.errors[-1] for kind, path in answer.paths.items()}
    if ends["norm"] > ends["none"] and says["end_norm"] != says["end_none"]:
        yield words["no_better"].format(**says)
    yield _about_the_cliff(words, answer, says)
    clipped = answer.paths["norm"].clipped
    yield words["all_clipped" if clipped.all() else "vanishing"].format(**says)
    if clipped.any() and not clipped.all():
        yield words["bias"]


def _about_the_cliff(words: Words, answer: CliffAnswer, says: Words) -> str:
    if answer.wall is None:
        return str(words["no_cliff"].format(**says))
    above, below = map(decimals, answer.beside)
    return str(
        words["cliff"].format(
            cliff_w=says["w"],
            edge=signed(answer.wall.b, 3),
            above=above,
            below=below,
            beside=BESIDE,
            steepest=three_digits(answer.wall.steepest),
        )
    )
