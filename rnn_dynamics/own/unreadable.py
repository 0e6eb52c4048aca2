"""How a file is refused: by the key of a sentence of `content/` and what that is filled with."""

import re

from rnn_dynamics.content import Words, sentences

_LONGEST = 60
#: What no name of a weight needs, and what could mean something to a terminal or a page.
_STRANGE = re.compile(r"[^\w.,:;/+() \-]")


class UnreadableFile(ValueError):  # noqa: N818  # what it is, as FileNotFoundError says what is missing
    """A file that is not read, with the reason.

    key: of the sentence, under [unreadable] of `own.toml`. values: what it is filled with; texts that come from the
    file are cut to 60 characters and have ? for what is no letter, digit or usual sign. lines: Python that writes what
    the file holds as one that is read, or "". str() is the sentence in English.
    """

    def __init__(self, key: str, *, lines: str = "", **values: object) -> None:
        super().__init__(key)
        self.key, self.lines = key, lines
        self.values = {name: tame(value) if isinstance(value, str) else value for name, value in values.items()}

    def said(self, words: Words) -> str:
        """The sentence in the language of `words`, those of the page "own"."""
        nameless = {"module": words["module"]["nameless"]} if self.values.get("module") == "" else {}
        return str(words["unreadable"][self.key].format(**self.values | nameless))

    def __str__(self) -> str:
        return self.said(sentences("own"))


def tame(text: str) -> str:
    """A text that comes from a file, fit to be shown."""
    shown = _STRANGE.sub("?", text)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
