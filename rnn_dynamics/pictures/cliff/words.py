"""What "The cliff and clipping" says: titles, names, table and notes, from the words in content/ and an answer."""

from collections.abc import Mapping
from typing import Any

from rnn_dynamics.content import Says, Words
from rnn_dynamics.content.numbers import decimals
from rnn_dynamics.engine.region import Region
from rnn_dynamics.pictures.cliff.answer import BESIDE, DEAD, NEIGHBOURS, CliffAnswer
from rnn_dynamics.pictures.cliff.surface import GRID, REGIONS, marks
from rnn_dynamics.pictures.kit.finding import first, said

#: Degrees that are worth a title.
_VISIBLE_TURN = 10.0
#: A learning rate that many would call safe.
_SMALL_RATE = 0.01


def texts(words: Words, _: CliffAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """What is written on the map."""
    written = marks(REGIONS[views["region"]])
    rows = zip(written["name"], written["error"], strict=True)
    return {"marks": [words["picture"][name].format(error=error) for name, error in rows]}


def moving_texts(words: Words, answer: CliffAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """The titles, start and threshold; of the kinds of clipping their name, leaves and fell."""
    says, picture, titles, region = _says(answer), words["picture"], words["titles"], REGIONS[views["region"]]
    return {
        "kinds": {
            "name": [words["names"][kind].format_map(says) for kind in answer.paths],
            "leaves": [_leaves(picture["leaves"], path.points, region) for path in answer.paths.values()],
            "fell": [picture["fell"].format(norm=norms.min()) for norms in answer.norms.values()],
        },
        "map": _claim(titles, answer, says),
        "errors": titles["errors"].format_map(says),
        "norms": titles["norms_above" if answer.clips else "norms_below"].format_map(says),
        "start": picture["start"],
        "threshold": picture["threshold"].format_map(says),
    }


def finding(words: Words, answer: CliffAnswer, _: Mapping[str, str]) -> str:
    """The sentence, the table and the notes, as HTML."""
    says = _says(answer)
    rows = (says[kind] | {"name": words["names"][kind].format_map(says)} for kind in answer.paths)
    return said(words, says, rows, _notes(answer), _outcome(answer))


def _leaves(sentence: str, points: Any, region: Region) -> str:
    """What is said where a path leaves the map, "" if it does not."""
    step = region.exit(points)
    return "" if step is None else sentence.format(step=step, w=points[step][0], b=points[step][1])


def _claim(titles: Words, answer: CliffAnswer, says: Says) -> str:
    """The title of the map."""
    leavers = [kind for kind, step in answer.leaving.items() if step is not None]
    clipped = [kind for kind in leavers if kind != "none"]
    free = "jumps" if answer.jumps else "walks"
    kind = first(
        same_leave=not answer.clips and leavers,
        same=not answer.clips,
        turns=not leavers and answer.furthest_turn > _VISIBLE_TURN,
        all_stay=not leavers,
        stays="none" not in leavers,
        **{f"{free}_both": len(clipped) > 1, f"{free}_{(clipped or ['alone'])[0]}": True},
    )
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
        "largest": answer.norms[kind].argmax() + 1,
        "clipped": None if kind == "none" else path.clipped.sum(),
        "step": answer.leaving[kind],
        "count": answer.counts[kind],
    }


def _outcome(answer: CliffAnswer) -> str:
    """Which sentence stands above the table."""
    step = answer.leaving["none"]
    return first(
        clipped=not step and answer.clips,
        calm=not step,
        walks=not answer.jumps,
        dead=answer.free.norms[step or 0] < DEAD,
        jumps=True,
    )


def _notes(answer: CliffAnswer) -> dict[str, object]:
    """Which notes hold, by name."""
    clipped, end, best = answer.paths["norm"].clipped, *(answer.paths[kind].errors[-1] for kind in ("norm", "none"))
    return {
        "luck": 0 < answer.counts["none"] < len(NEIGHBOURS),
        "neighbours": True,
        "turned": answer.turned,
        "not_turned": not answer.turned,
        "small_rate": answer.leaving["none"] and answer.jumps and answer.start.learning_rate <= _SMALL_RATE,
        "no_better": end > best and decimals(end) != decimals(best),
        "cliff": answer.wall,
        "no_cliff": not answer.wall,
        "all_clipped": clipped.all(),
        "vanishing": not clipped.all(),
        "bias": clipped.any() and not clipped.all(),
    }
