"""A sentence whose last word depends on a cue at its beginning; between them stands what says nothing about it.

    I am a {cue} student, who gets up early, … and I love machine ___

The reader writes the parts; every sentence that is drawn from them is as likely with one cue as with another.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rnn_dynamics.learning.tasks.task import Batch, Task
from rnn_dynamics.limits import KnownFields, short

CUE, BLANK, UNKNOWN = "{cue}", "___", "?"
#: Limits of a template, so that no reader's text can fill a server.
LONGEST_PART, MOST_FILLERS, MOST_ANSWERS, MOST_WORDS = 200, 60, 20, 400
#: At most so many gaps are tested.
MOST_TESTS = 12
#: What may stand beside a word that a reader types.
_SIGNS = ".,;:!?…\"'()“”‘’"
#: D: numbers that stand for one word.
EMBEDDING = 16


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A sentence to be read.

    words: without the blank. cue: where it stands, from and up to, or None. target: the choice that is right, or None
    where nobody knows. own: whether the reader typed it.
    """

    words: tuple[str, ...]
    cue: tuple[int, int] | None
    target: int | None
    own: bool

    @property
    def of_cue(self) -> tuple[bool, ...]:
        """Of each word whether it belongs to the cue."""
        place = range(*self.cue or (0, 0))
        return tuple(t in place for t in range(len(self.words)))

    @property
    def cue_words(self) -> str:
        """The cue; "" for none."""
        return " ".join(self.words[slice(*self.cue or (0, 0))])


@dataclass(frozen=True, kw_only=True)
class Template(KnownFields):
    """The parts of the sentences; words are what spaces separate, in small letters.

    Args:
        start: with {cue} in it.
        fillers: phrases between the cue and the end.
        end: its last word is the blank, ___.
        answers: pairs of a cue, which may have several words, and the one word that belongs in the blank.

    Raises:
        ValueError: a part is missing, too long, or contradicts another; the message names it.
    """

    start: str = "I am a {cue} student"
    fillers: tuple[str, ...] = (
        "today",
        "you know",
        "who gets up early",
        "with two small cats",
        "from a quiet town",
        "who often walks home",
        "near the old river",
        "as my friends say",
        "when it rains",
        "who plays the drums",
        "after a long day",
        "between green hills",
    )
    end: str = "and I love machine ___"
    answers: tuple[tuple[str, str], ...] = (
        ("data science", "learning"),
        ("linguistics", "translation"),
        ("textile design", "knitting"),
        ("mechanical engineering", "tools"),
    )

    def __post_init__(self) -> None:
        self._check_kinds()
        for name, part in {"start": self.start, "end": self.end}.items():
            if len(part) > LONGEST_PART:
                raise ValueError(f"{name} has {len(part)} characters; the limit is {LONGEST_PART}")
        if self.start.split().count(CUE) != 1:
            raise ValueError(f"start = {self.start!r} does not hold {CUE} once, as a word of its own")
        if self.end.split()[-1:] != [BLANK] or self.end.split().count(BLANK) != 1:
            raise ValueError(f"end = {self.end!r} does not have {BLANK} as its last word, and nowhere else")
        for name, parts, most in (("fillers", self.fillers, MOST_FILLERS), ("answers", self.answers, MOST_ANSWERS)):
            if not 1 <= len(parts) <= most:
                raise ValueError(f"{name} has {len(parts)} lines; there must be 1 to {most}")
        for filler in self.fillers:
            if not filler.split() or len(filler) > LONGEST_PART:
                raise ValueError(f"filler {filler[:40]!r} is empty or has more than {LONGEST_PART} characters")
        self._check_answers()
        if len(self.words) > MOST_WORDS:
            raise ValueError(f"there are {len(self.words)} different words; the limit is {MOST_WORDS}")

    def _check_kinds(self) -> None:
        for name in ("start", "end"):
            if not isinstance(part := getattr(self, name), str):
                raise ValueError(f"{name} = {short(part)} is not a text")
        for name, kind, what in (("fillers", str, "texts"), ("answers", tuple, "pairs of a cue and a word")):
            parts: object = getattr(self, name)
            if not isinstance(parts, tuple) or not all(isinstance(part, kind) for part in parts):
                raise ValueError(f"{name} = {short(parts)} is not a tuple of {what}")
        for pair in self.answers:
            if [isinstance(part, str) for part in pair] != [True, True]:
                raise ValueError(f"answer {short(pair)} is not a cue and a word")

    def _check_answers(self) -> None:
        cues = [" ".join(_split(cue)) for cue, _ in self.answers]
        for cue, answer in self.answers:
            if not cue.split() or len(cue) > LONGEST_PART:
                raise ValueError(f"cue {cue[:40]!r} is empty or has more than {LONGEST_PART} characters")
            if len(answer.split()) != 1 or len(answer) > LONGEST_PART:
                raise ValueError(f"answer {answer[:40]!r} to {cue!r} is not one word")
        if len(self.choices) < 2:
            raise ValueError("answers holds a single word, so there is nothing to learn; there must be 2 at least")
        if doubled := next((cue for cue in cues if cues.count(cue) > 1), None):
            raise ValueError(f"cue {doubled!r} stands in answers twice")

    @classmethod
    def from_text(cls, *, start: str, fillers: str, end: str, answers: str) -> "Template":
        """The template that `as_text` writes: fillers and answers one a line, an answer as "cue = word".

        Raises:
            ValueError: as the class does; or a line of the answers has no "=", or more than one.
        """
        pairs = []
        for line in _lines(answers):
            cue, *words = (part.strip() for part in line.split("="))
            if len(words) != 1:
                raise ValueError(f"answers line {line[:40]!r} is not a cue, one = and a word")
            pairs.append((cue, words[0]))
        return cls(start=start, fillers=tuple(_lines(fillers)), end=end, answers=tuple(pairs))

    def as_text(self) -> dict[str, str]:
        """Its parts as a reader types them: the arguments of `from_text`."""
        return {
            "start": self.start,
            "fillers": "\n".join(self.fillers),
            "end": self.end,
            "answers": "\n".join(f"{cue} = {answer}" for cue, answer in self.answers),
        }

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that may belong in the blank, each once, in order."""
        return tuple(dict.fromkeys(answer.lower() for _, answer in self.answers))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Every word that can be read, in order; the first one stands for all unknown ones."""
        parts = [self.start.replace(CUE, " "), *(cue for cue, _ in self.answers), *self.fillers, self.end]
        read = (word for part in parts for word in _split(part) if word != BLANK)
        return tuple(dict.fromkeys((UNKNOWN, *read)))

    def gaps(self, most: int) -> tuple[int, ...]:
        """Up to `most`, the numbers of words that fillers can make together."""
        lengths = {len(filler.split()) for filler in self.fillers}
        made = [True]
        for gap in range(1, most + 1):
            made.append(any(made[gap - length] for length in lengths if length <= gap))
        return tuple(gap for gap, possible in enumerate(made) if possible)

    def tested(self, gap: int) -> tuple[int, ...]:
        """The gaps at which networks are tested that are trained at one: from the smallest to about twice as much."""
        possible = [made for made in self.gaps(2 * gap + 2) if made]
        count = min(MOST_TESTS, len(possible))
        chosen = {possible[round(k * (len(possible) - 1) / max(1, count - 1))] for k in range(count)}
        return tuple(sorted({*chosen, self.gaps(gap)[-1]}))

    def sentence(self, generator: Generator, gap: int, pair: int) -> list[str]:
        """One sentence without its blank; its fillers have `gap` words, or as many below it as they can make."""
        return self.sentences(generator, gap, [pair])[0]

    def sentences(self, generator: Generator, gap: int, pairs: Iterable[int]) -> list[list[str]]:
        """As `sentence`, for several pairs."""
        fillers, possible = [_split(filler) for filler in self.fillers], self.gaps(gap)
        fitting = {left: [one for one in fillers if left - len(one) in possible] for left in possible}
        end = _split(self.end)[:-1]

        def between() -> list[str]:
            left, words = possible[-1], list[str]()
            while left:
                chosen = fitting[left][int(generator.random() * len(fitting[left]))]
                words, left = words + chosen, left - len(chosen)
            return words

        return [_split(self.start.replace(CUE, self.answers[pair][0])) + between() + end for pair in pairs]

    def typed(self, text: str) -> list[str]:
        """The words of a reader's own sentence, without its blank; a sign beside a word counts where it is known so."""
        words = (word if word in self.words else word.strip(_SIGNS) for word in _split(text))
        return [word for word in words if word.strip("_")]

    def unknown(self, words: Iterable[str]) -> tuple[str, ...]:
        """Those of the words that no network of these sentences has met, each once."""
        return tuple(dict.fromkeys(word for word in words if word not in self.words))

    def own(self, text: str) -> Sentence | None:
        """A reader's own sentence; None where the text has no word."""
        words = tuple(self.typed(text))
        found = self.cue_in(words)
        cue, target = (found[:2], self.answer_of(found[2])) if found else (None, None)
        return Sentence(words=words, cue=cue, target=target, own=True) if words else None

    def example(self, seed: int, gap: int, pair: int) -> Sentence:
        """A sentence with the cue of a pair; its fillers are the same for every pair."""
        words = self.sentence(np.random.default_rng(seed), gap, pair)
        return Sentence(words=tuple(words), cue=self.place_of_cue(pair), target=self.answer_of(pair), own=False)

    def cue_in(self, words: Sequence[str]) -> tuple[int, int, int] | None:
        """Where the only cue stands in a sentence, from and up to, and its pair; None for no cue, or several.

        A cue inside of a longer one does not count.
        """
        found = [
            (place, place + len(cue), pair)
            for pair, cue in enumerate(_split(cue) for cue, _ in self.answers)
            for place in range(len(words))
            if list(words[place : place + len(cue)]) == cue
        ]
        whole = [one for one in found if not any(_inside(one, other) for other in found)]
        return whole[0] if len(whole) == 1 else None

    def place_of_cue(self, pair: int) -> tuple[int, int]:
        """Where the cue of a pair stands in its sentences: from and up to."""
        place = _split(self.start).index(CUE)
        return place, place + len(_split(self.answers[pair][0]))

    def answer_of(self, pair: int) -> int:
        """Which of the choices belongs in the blank."""
        return self.choices.index(self.answers[pair][1].lower())

    def read(self, sentences: Sequence[Sequence[str]]) -> NDArray[np.int64]:
        """Positions (T, N) in `words`; 0 for one that is not there, and for what a shorter sentence lacks in front."""
        known = {word: place for place, word in enumerate(self.words)}
        longest = max(map(len, sentences))
        rows = [[UNKNOWN] * (longest - len(words)) + list(words) for words in sentences]
        return np.array([[known.get(word.lower(), 0) for word in row] for row in rows]).T

    def task(self) -> Task:
        """To name the word that belongs in the blank. The gap is the number of words in the fillers."""
        choices = {word: place for place, word in enumerate(self.choices)}
        counts = np.bincount([choices[answer.lower()] for _, answer in self.answers])
        shares = counts / counts.sum()
        longest = max(len(_split(cue)) for cue, _ in self.answers)
        around = len(_split(self.start)) - 1 + longest + len(_split(self.end)) - 1

        def draw(generator: Generator, count: int, gap: int, _: bool) -> Batch:
            pairs = generator.integers(0, len(self.answers), count)
            sentences = self.sentences(generator, gap, pairs)
            return Batch(self.read(sentences), np.array([choices[self.answers[pair][1].lower()] for pair in pairs]))

        return Task(
            input_size=EMBEDDING,
            outputs=len(choices),
            draw=draw,
            chance_loss=lambda _: float(-(shares * np.log(shares)).sum()),
            chance_accuracy=float(shares.max()),
            steps_of=lambda gap: around + max(self.gaps(gap)),
            vocabulary=len(self.words),
        )


def _split(text: str) -> list[str]:
    return text.lower().split()


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _inside(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    return other[0] <= one[0] and one[1] <= other[1] and one[1] - one[0] < other[1] - other[0]
