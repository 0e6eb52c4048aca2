"""What "The cliff and clipping" says: titles, names, table and notes, from the words in content/ and an answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rnn_dynamics.content import Says, Words, counted
from rnn_dynamics.content.numbers import decimals
from rnn_dynamics.engine.region import Region
from rnn_dynamics.pictures.cliff.answer import BESIDE, DEAD, NEIGHBOURS, CliffAnswer
from rnn_dynamics.pictures.cliff.surface import GRID, REGIONS, landscape
from rnn_dynamics.pictures.kit.finding import finding as as_html
from rnn_dynamics.pictures.kit.finding import told

#: Degrees that are worth a title.
_VISIBLE_TURN = 10.0
#: A learning rate that many would call safe.
_SMALL_RATE = 0.01


def texts(words: Words, _: CliffAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """What is written on the map, by its place."""
    marks = landscape(views["region"]).marks.items()
    return {name: words["picture"][name].format(error=error) for name, (_, _, error) in marks}


def texts_of_descents(words: Words, answer: CliffAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """The titles, start and threshold; name, leaves and fell by the kind of clipping."""
    says, picture, titles, region = _says(answer), words["picture"], words["titles"], REGIONS[views["region"]]
    return {
        "name": {kind: words["names"][kind].format_map(says) for kind in answer.paths},
        "leaves": {kind: _leaves(picture["leaves"], path.points, region) for kind, path in answer.paths.items()},
        "fell": {kind: picture["fell"].format(norm=norms.min()) for kind, norms in answer.norms.items()},
        "map": _claim(titles, answer, says),
        "errors": titles["errors"].format_map(says),
        "norms": titles["norms_above" if answer.clips else "norms_below"].format_map(says),
        "start": picture["start"],
        "threshold": picture["threshold"].format_map(says),
    }


def finding(words: Words, answer: CliffAnswer, _: Mapping[str, str]) -> str:
    """The sentence, the table and the notes, as HTML."""
    says, table = _says(answer), words["table"]
    rows = (_row(table, words["names"][kind].format_map(says), answer, kind) for kind in answer.paths)
    equation = words["equation"][_outcome(answer)].format_map(says)
    return as_html(table["head"].format_map(says), rows, _notes(words["notes"], answer, says), equation)


def _leaves(sentence: str, points: Any, region: Region) -> str:
    """What is said where a path leaves the map, "" if it does not."""
    step = region.exit(points)
    return "" if step is None else sentence.format(step=step, w=points[step][0], b=points[step][1])


def _claim(titles: Words, answer: CliffAnswer, says: Says) -> str:
    """The title of the map."""
    leavers = [kind for kind, step in answer.leaving.items() if step is not None]
    clipped = [kind for kind in leavers if kind != "none"]
    if not answer.clips:
        kind = "same_leave" if leavers else "same"
    elif not leavers and answer.furthest_turn > _VISIBLE_TURN:
        return counted(titles["turns"], answer.turned, says)
    elif "none" not in leavers:
        kind = "stays" if leavers else "all_stay"
    else:
        kind = f"{'jumps' if answer.jumps else 'walks'}_{'both' if len(clipped) > 1 else (clipped or ['alone'])[0]}"
    return str(titles[kind].format_map(says))


def _says(answer: CliffAnswer) -> Says:
    """What the sentences are filled with."""
    step, free, clipped = answer.leaving["none"], answer.free, answer.paths["norm"].clipped
    kinds = {kind: _of_a_kind(answer, kind) for kind in answer.paths}
    return Says(
        answer,
        **kinds,
        neighbours=len(NEIGHBOURS),
        last_seed=NEIGHBOURS[-1],
        reach=GRID / 2,
        away=BESIDE,
        times=kinds["none"]["norm"] / answer.start.threshold,
        untouched=int((~clipped).sum()),
        smallest=answer.norms["norm"].min(),
        turn=float(f"{answer.furthest_turn:.2g}"),
        step=step,
        **({"from": _stop(free, step - 1), "to": _stop(free, step)} if step else {}),
    )


def _stop(path: Any, step: int) -> dict[str, Any]:
    return {"place": path.points[step], "norm": path.norms[step], "error": path.errors[step]}


def _of_a_kind(answer: CliffAnswer, kind: str) -> dict[str, Any]:
    path = answer.paths[kind]
    return {
        "end": path.errors[-1],
        "lowest": path.errors.min(),
        "norm": answer.norms[kind].max(),
        "clipped": int(path.clipped.sum()),
        "count": answer.counts[kind],
    }


def _row(table: Words, name: str, answer: CliffAnswer, kind: str) -> str:
    step, says = answer.leaving[kind], _of_a_kind(answer, kind)
    clipped = "–" if kind == "none" else says["clipped"]
    leaves = table["leaves" if step else "stays"].format(step=step)
    return str(table["row"].format_map(says | {"name": name, "clipped": clipped, "leaves": leaves}))


def _outcome(answer: CliffAnswer) -> str:
    """Which sentence stands above the table."""
    step = answer.leaving["none"]
    if not step:
        return "clipped" if answer.clips else "calm"
    if not answer.jumps:
        return "walks"
    return "dead" if answer.free.norms[step] < DEAD else "jumps"


def _notes(words: Words, answer: CliffAnswer, says: Says) -> Iterator[str]:
    if 0 < answer.counts["none"] < len(NEIGHBOURS):
        yield counted(words["luck"], answer.counts["none"], says)
    yield words["neighbours"].format_map(says)
    yield counted(words["turned"], answer.turned, says) if answer.turned else words["not_turned"]
    end, best, clipped = says["norm"]["end"], says["none"]["end"], answer.paths["norm"].clipped
    yield from told(
        words,
        says,
        small_rate=answer.leaving["none"] and answer.jumps and answer.start.learning_rate <= _SMALL_RATE,
        no_better=end > best and decimals(end) != decimals(best),
        cliff=answer.wall,
        no_cliff=not answer.wall,
        all_clipped=clipped.all(),
        vanishing=not clipped.all(),
        bias=clipped.any() and not clipped.all(),
    )
