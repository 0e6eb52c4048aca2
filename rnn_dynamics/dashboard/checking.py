"""Every law computed anew while its visitor looks: a row for each page, for each of its laws, or for one law."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache, partial
from html import escape
from io import StringIO
from math import inf, isfinite, log10
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from rnn_dynamics.content import LANGUAGE, Words, called, link_to, sentences
from rnn_dynamics.content.mentions import IN_LINK, as_html
from rnn_dynamics.content.numbers import difference, percent, six_digits
from rnn_dynamics.dashboard.downloads import show_download
from rnn_dynamics.dashboard.growing import begun, growing
from rnn_dynamics.dashboard.plain import PlainPage
from rnn_dynamics.laws import LAWS, Checked, Law
from rnn_dynamics.laws.board import Board, Checking
from rnn_dynamics.pictures.kit.finding import first, heading, paragraphs, table
from rnn_dynamics.pictures.kit.picture import Setting

#: The pages that have laws, in the order of the bar.
PAGES = tuple(sorted({law.page for law in LAWS.values()}, key=lambda page: sentences(page)["place"]))
#: What the page shows: a row for each page, all laws or those of a page; and the law that stands above them, if any.
OFFERS = {"of": Setting(("pages", "all", *PAGES)), "law": Setting(("none", *LAWS))}
#: Keys of the session's state: the check of all laws, and that of the one that stands above.
_ALL, _ONE = "check_all", "check_one"


@st.cache_resource(show_spinner=False)
def the_board() -> Board:
    """The board of this server, which an edit of the words does not clear as it clears a `cache` of this module."""
    return Board()


def show_laws(page: PlainPage) -> None:
    """The law that the address names, and below it the others."""
    now, shown = page.now, _Shown(page.words())
    if now["law"] in LAWS:
        st.fragment(shown.one)(now["law"])
    label = page.names.of("of")["label"]
    st.selectbox(label, page.settings["of"].values, format_func=shown.title, key="of", width=440)
    st.fragment(shown.all)(now["of"])


class _Shown:
    """What is shown, in the language of these words."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._look()

    def all(self, of: str) -> None:
        """The laws of a page, or all, or what is found for each page; they are checked when a reader asks for it."""
        draw = partial(self._draw, of)
        begun(_ALL, the_board().begin, partial(self._grow, draw), (self._words["check"], self._words["again"]))
        if _ALL not in st.session_state:
            draw()

    def one(self, name: str) -> None:
        """A law by itself, checked unless that was done before."""
        again = (self._words["check_one"],) * 2
        work = st.session_state.get(_ONE)
        if work is None or work.names != (name,):
            st.session_state[_ONE] = Checking(the_board(), (name,))
        show = partial(self._grow, partial(self._draw_one, name), name=_ONE)
        begun(_ONE, partial(the_board().begin, (name,)), show, again)

    def title(self, of: str) -> str:
        """What a value of the setting "of" is called: a page by its title."""
        return str(self._words["shown"].get(of) or sentences(of, self._words.language)["title"])

    def _grow(self, draw: Any, work: Checking, name: str = _ALL) -> None:
        growing(work, draw, partial(self._progress, work), sentences("app", self._words.language)["growing"], name)

    def _progress(self, work: Checking) -> str:
        law = self._said(LAWS[work.next]) if work.next else ""
        text = self._words["progress" if len(work.names) > 1 else "progress_one"]
        return str(text.format(done=len(work.done), laws=len(work.names), law=law))

    def _look(self) -> None:
        """Take what there is by now; the line goes on writing to the board."""
        self._found = dict(the_board().found)

    def _draw(self, of: str) -> None:
        words = self._words
        self._look()
        if of == "pages":
            shown = table(words["pages"]["head"], map(self._row_of_page, PAGES))
        else:
            shown = table(words["table"]["head"], (self._row(name) for name in _laws_of(of)))
        st.html(heading(self._claim()) + shown + paragraphs(self._notes()))
        if self._found:
            show_download(words["file"], partial(_as_csv, words, self._found), "check_us.csv")

    def _draw_one(self, name: str) -> None:
        self._look()
        words, found = self._words, self._found.get(name)
        page = as_html(link_to(LAWS[name].page, words.language))
        notes = [] if found is None else [words["notes"]["one"].format(**_times([found]), page=page)]
        back = self._link(words["back"], of=LAWS[name].page)
        st.html(table(words["table"]["head"], [self._row(name)]) + paragraphs([*notes, back]))

    def _claim(self) -> str:
        """Of the sentences above the table the first that is true."""
        found, words = self._found, self._words
        broken = [name for name, one in found.items() if not one.holds]
        kind = first(none=not found, broken=broken, some=len(found) < len(LAWS), all=True)
        names = words["between"].join(self._law(name) for name in broken[:3])
        share = 100.0 * max((one.share for one in found.values()), default=0.0)
        says = {"laws": len(LAWS), "checked": len(found), "broken": len(broken), "names": names, "share": share}
        return str(words["claim"][kind].format(**says, button=words["check"]))

    def _notes(self) -> Iterator[str]:
        yield self._words["notes"]["pair"]
        if self._found:
            yield self._words["notes"]["when"].format(**_times(self._found.values()))

    def _row_of_page(self, page: str) -> str:
        words, names = self._words, _laws_of(page)
        found = [self._found[name] for name in names if name in self._found]
        said = {"hold": words["none"], "share": words["none"], "seconds": words["none"]}
        if found:
            hold = sum(one.holds for one in found)
            mark = words["yes" if hold == len(names) else "no"] if len(found) == len(names) or hold < len(found) else ""
            share = max(one.share for one in found)
            used = percent(log10(share) if share else -inf) if isfinite(share) else words["none"]
            said = {"hold": f"{hold} {mark}", "share": used, "seconds": f"{_seconds(found):.2f}"}
        link = self._link(self.title(page), of=page)
        return str(words["pages"]["row"].format(page=link, laws=len(names), checked=len(found), **said))

    def _row(self, name: str) -> str:
        words, law, found = self._words, LAWS[name], self._found.get(name)
        cells = ("numbers", "expected", "computed", "difference", "allowed", "mark")
        said = _numbers(words, law, found) if found else dict.fromkeys(cells, words["none"])
        source = escape(words["sources"][law.source])
        return str(words["table"]["row"].format(law=self._law(name), source=source, **said))

    def _law(self, name: str) -> str:
        return self._link(escape(self._said(LAWS[name])), law=name)

    def _said(self, law: Law) -> str:
        """Its sentence."""
        case = self._words["cases"].get(law.case) or called(law.case, self._words.language)
        return str(self._words["laws"][law.key].format(case=case))

    def _link(self, said: str, **settings: str) -> str:
        """A link to this page with other settings."""
        spoken = {} if self._words.language == LANGUAGE else {IN_LINK: self._words.language}
        return f'<a href="check_us?{escape(urlencode(settings | spoken))}" target="_self">{said}</a>'


@lru_cache(maxsize=32)
def _laws_of(of: str) -> tuple[str, ...]:
    """The names of the laws of a page, or of all."""
    return tuple(name for name, law in LAWS.items() if of in ("all", law.page))


def _numbers(words: Words, law: Law, found: Checked) -> Mapping[str, object]:
    """What a row says of a law that was checked."""
    expected = six_digits(found.expected)
    return {
        "numbers": f"{found.numbers:,}",
        "expected": words["at_most"].format(number=expected) if law.at_most else expected,
        "computed": six_digits(found.computed),
        "difference": difference(found.difference),
        "allowed": difference(found.allowed),
        "mark": words["yes"] if found.holds else words["no"],
    }


def _times(found: Iterable[Checked]) -> dict[str, object]:
    """When the first and the last of some laws were checked, and how long that took, in seconds."""
    each = sorted(found, key=lambda one: one.began)
    first_and_last = (datetime.fromtimestamp(one.began, UTC).strftime("%H:%M:%S") for one in (each[0], each[-1]))
    return dict(zip(("first", "last"), first_and_last, strict=True)) | {"seconds": _seconds(each)}


def _seconds(found: Iterable[Checked]) -> float:
    return sum(one.seconds for one in found)


def _as_csv(words: Words, found: Mapping[str, Checked]) -> str:
    """All that was found, a law a line."""
    said, file = _Shown(words), StringIO()
    lines = csv.writer(file, lineterminator="\n")
    lines.writerow(("law", "page", "says", "source", *Checked.__dataclass_fields__, "holds"))
    for name, one in found.items():
        law = LAWS[name]
        numbers = (getattr(one, field) for field in Checked.__dataclass_fields__)
        lines.writerow((name, law.page, said._said(law), words["sources"][law.source], *numbers, one.holds))
    return file.getvalue()
