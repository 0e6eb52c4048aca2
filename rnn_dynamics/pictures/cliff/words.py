"""What "The cliff and clipping" says: titles, names, table and notes, from the words in content/ and an answer."""

from collections.abc import Iterator, Mapping
from typing import Any

from rnn_dynamics.content import Says, Words
from rnn_dynamics.content.numbers import decimals
from rnn_dynamics.engine.region import Region
from rnn_dynamics.pictures.cliff.answer import BESIDE, GRID, NEIGHBOURS, REGIONS, CliffAnswer
from rnn_dynamics.pictures.kit.finding import claimed, first, said

#: Degrees that are worth a title.
_VISIBLE_TURN = 10.0
#: A gradient norm from which no learning rate of the page gets anywhere.
_DEAD = 1e-6
#: A learning rate that many would call safe.
_SMALL_RATE = 0.01


def moving_texts(words: Words, answer: CliffAnswer, views: Mapping[str, str]) -> dict[str, Any]:
    """The titles and start; of the kinds of clipping their name, leaves and fell; of the surface its marks."""
    says, picture, titles, region = _says(answer), words["picture"], words["titles"], REGIONS[views["region"]]
    marks = answer.marks(region)
    named = zip(marks["name"], marks["error"], strict=True)
    return {
        "marks": {
            **marks,
            "text": [picture[name].format(error=error) if error >= 0.0 else "" for name, error in named],
        },
        "kinds": {
            "name": [words["names"][kind].format_map(says) for kind in answer.paths],
            "leaves": [*_leaves(picture["leaves"], answer, region)],
            "fell": [picture["fell"].format(norm=path.followed.min()) for path in answer.paths.values()],
        },
        "map": _claim(titles, answer, says),
        "errors": titles["errors"].format_map(says),
        "norms": titles["norms_above" if answer.clips else "norms_below"].format_map(says),
        "start": picture["start"],
        "zigzag": picture["zigzag"].format_map(says) if answer.zigzags else "",
    }


def _leaves(sentence: str, answer: CliffAnswer, region: Region) -> Iterator[str]:
    """Where the step of each path goes that leaves the map; "" where that would lie on what is written of another."""
    for kind, step in answer.exits_apart(region).items():
        yield sentence.format(step=step, place=answer.paths[kind].points[step]) if step else ""


def finding(words: Words, answer: CliffAnswer, _: Mapping[str, str]) -> str:
    """The sentence, the table and the notes, as HTML."""
    says = _says(answer)
    rows = (_row(words["names"], answer, says, kind) for kind in answer.paths)
    return said(words, says, rows, _notes(answer), _outcome(answer))


def _row(names: Words, answer: CliffAnswer, says: Says, kind: str) -> Says:
    path, name = answer.paths[kind], names[kind].format_map(says)
    clipped = None if kind == "none" else path.clipped_steps
    return Says(path, name=name, shortened=clipped, step=answer.leaving[kind], count=answer.counts[kind])


def claim(words: Words, answer: CliffAnswer, _: Mapping[str, str]) -> str:
    """Why the descent without clipping leaves, or that it does not, as HTML."""
    return claimed(
        words,
        _says(answer),
        small_rate=_small_rate_jumps(answer),
        jumps=answer.leaving["none"] and answer.jumps,
        walks=answer.leaving["none"],
        calm=not answer.clips,
        luck=answer.counts["none"],
        stays=True,
    )


def _small_rate_jumps(answer: CliffAnswer) -> bool:
    """Whether even a small learning rate makes a long step."""
    return bool(answer.leaving["none"] and answer.jumps and answer.start.learning_rate <= _SMALL_RATE)


def _claim(titles: Words, answer: CliffAnswer, says: Says) -> str:
    """The title of the map."""
    leavers = [kind for kind, step in answer.leaving.items() if step is not None]
    clipped = [kind for kind in leavers if kind != "none"]
    free = "jumps" if answer.jumps else "walks"
    kind = first(
        same_leave=not answer.clips and leavers,
        same=not answer.clips,
        turns=not leavers and answer.paths["value"].turned.max() > _VISIBLE_TURN,
        all_stay=not leavers,
        stays="none" not in leavers,
        **{f"{free}_both": len(clipped) > 1, f"{free}_{(clipped or ['alone'])[0]}": True},
    )
    return str(titles[kind].format_map(says))


def _says(answer: CliffAnswer) -> Says:
    """What the sentences are filled with."""
    step, free, by_norm = answer.leaving["none"], answer.free, answer.paths["norm"]
    return Says(
        answer,
        neighbours=len(NEIGHBOURS),
        last_seed=NEIGHBOURS[-1],
        reach=GRID / 2,
        away=BESIDE,
        times=free.largest_norm / answer.start.threshold,
        untouched=answer.start.steps - by_norm.clipped_steps,
        smallest=by_norm.followed.min(),
        turn=float(f"{answer.paths['value'].turned.max():.2g}"),
        step=step,
        **({"from": _stop(free, step - 1), "to": _stop(free, step)} if step else {}),
    )


def _stop(path: Any, step: int) -> dict[str, Any]:
    return {"place": path.points[step], "norm": path.norms[step], "error": path.errors[step]}


def _outcome(answer: CliffAnswer) -> str:
    """Which sentence stands above the table."""
    step = answer.leaving["none"]
    return first(
        clipped=not step and answer.clips,
        calm=not step,
        walks=not answer.jumps,
        dead=answer.free.norms[step or 0] < _DEAD,
        jumps=True,
    )


def _notes(answer: CliffAnswer) -> dict[str, object]:
    """Which notes hold, by name."""
    by_norm, turned = answer.paths["norm"], answer.paths["value"].turned_steps
    end, best = by_norm.last_error, answer.free.last_error
    some_clipped = 0 < by_norm.clipped_steps < answer.start.steps
    return {
        "luck": 0 < answer.counts["none"] < len(NEIGHBOURS) and (answer.leaving["none"] or not answer.clips),
        "neighbours": True,
        "turned": turned,
        "not_turned": not turned,
        "no_better": end > best and decimals(end) != decimals(best),
        "cliff": answer.wall,
        "no_cliff": not answer.wall,
        "all_clipped": by_norm.clipped.all(),
        "untouched": not by_norm.clipped_steps,
        "vanishing": some_clipped,
        "bias": some_clipped,
    }
