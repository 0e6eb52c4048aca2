"""The settings in the address: Streamlit binds widgets to it; here is what it leaves to the app.

A bound widget reads its own key and falls back to its default without a word. This module adds the word: it says what
of a link was not taken, and moves a valid value that no control offers to the nearest one that is offered. It also
writes the address where a bound widget does not: for settings that a preset changes, each of which would else be an
entry of the browser's history, and for those whose control is not built.

An address spells a value alike in every language, and a bound widget only as it shows it. So Streamlit's copy of the
address is in the page's language while controls are made; what they write in the browser is turned back by `arrival`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.query_params import QueryParams

from rnn_dynamics.content import HOME, languages, sentences
from rnn_dynamics.content.mentions import IN_LINK
from rnn_dynamics.dashboard.settings_words import Names, in_link
from rnn_dynamics.dashboard.visitor import visitor
from rnn_dynamics.experiment import KNOBS, Flag, Number, written
from rnn_dynamics.pictures.kit.picture import Setting

#: What is said of a link, in the language that names are in: who reads it may choose another one.
Remark = Callable[[Names], str]
#: A key of the address by which a reader has followed a mention of a page, without settings: theirs come along.
ALONG = "along"
#: The key in an address of what of a page alone is seen, and what that may be; see `stage`.
SEEN_IN_LINK, SEEN = "view", ("picture", "finding")
#: At most so many remarks, each at most so long: a hostile link must not fill the page.
_MOST_REMARKS = 4
#: The key of an address that names a challenge, and of the session's state that holds the one that is open.
CHALLENGE, OPEN = "challenge", "open_challenge"
#: More names than this are not listed in a remark.
_MOST_NAMES = 8


def asked_by_link() -> dict[str, str]:
    """Setting -> its last value in the address: a repeated key's is what a reader added."""
    keys = [key for key in st.query_params if key != CHALLENGE]
    return {key: values[-1] for key in keys if (values := st.query_params.get_all(key))}


def goes_through_history() -> bool:
    """Whether this run follows the browser's buttons Back or Forward, or a link in the app's own words (`arrival`).

    Then the address decides every setting, unless it has ALONG.
    """
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def comes_again() -> bool:
    """Whether a button outside of all fragments is heard while one of them looks again by itself.

    A browser keeps what is pressed among the states of its controls until its own message goes; one of a fragment that
    goes just before carries it too (Streamlit 1.67). What is not the same when done twice waits for its own.
    """
    context = get_script_run_ctx()
    return context is not None and bool(context.fragment_ids_this_run)


def show_notices(remarks: Sequence[Remark], names: Names) -> None:
    """Say quietly what of the link was not taken as it stood."""
    words, said = _notices(names.language), [say(names) for say in remarks[:_MOST_REMARKS]]
    if len(remarks) > _MOST_REMARKS:
        said.append(words["more"].format(count=len(remarks) - _MOST_REMARKS))
    if said:
        st.caption(words["all"].format(remarks=words["between"].join(said)))


def _notices(language: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = sentences("app", language)["link"]
    return found


def share_link(settings: Mapping[str, object]) -> str:
    """The address that opens this picture: every setting, so that a link outlives a change of the opening picture.

    What the present address says of embedding stays.
    """
    embedding = [(key, value) for key, value in parse_qsl(_query()) if key.lower() in ("embed", "embed_options")]
    return _address_with(urlencode([*settings.items(), *embedding]))


def address_now() -> str:
    """The address with which this page was asked for, as it stands."""
    return _address_with(_query())


def site() -> str:
    """The address in which the pages are, without a page."""
    return _here().rpartition("/")[0]


def _here() -> str:
    """The address of the page without what it is asked for; the slash that ends the home page's is not Streamlit's."""
    url = (st.context.url or "").partition("?")[0]
    named = urlsplit(url).path and (visitor().page != HOME or url.endswith(f"/{HOME}"))  # which leads home too
    return url if named else f"{url.rstrip('/')}/"


def _query() -> str:
    context = get_script_run_ctx()
    return context.query_string if context else ""


def _address_with(query: str) -> str:
    return f"{_here()}?{query}".rstrip("?")


def spell(spelt: Mapping[str, Mapping[str, str]]) -> None:
    """Spell what stands in the address in another way; `spelt`: setting -> as it stands there -> as it should."""
    with _address() as address:
        for key in [*address]:
            text = (address.get_all(key) or [""])[-1]
            if text in spelt.get(key, ()):
                address.set_with_no_forward_msg(key, spelt[key][text])


def write_address(away: Mapping[str, str], opening: Mapping[str, str]) -> None:
    """Let the address say what the controls show: by one entry of the browser's history, or none if it does already.

    Args:
        away: the settings that differ from the opening picture, spelled as in a link.
        opening: the others; an address may name them or not.
    """
    if challenge := st.session_state.get(OPEN):
        away = {**away, CHALLENGE: challenge}
    with _address() as address:
        # A run that a key has ended between a control and its `let_go` has left that control bound.
        for key in {**opening, **away}:
            _unbind(address, key)
        stands = {key: address.get_all(key) for key in address}
        idle = [key for key, values in stands.items() if values == [opening.get(key)]]
        if {key: values for key, values in stands.items() if key not in idle} != {key: [away[key]] for key in away}:
            address.from_dict(away)
        else:  # Streamlit would take each of them away by an entry of its own
            for key in idle:
                address.discard_param_no_forward_msg(key)


def let_read(spelt: Mapping[str, Mapping[str, str]]) -> None:
    """Let the controls that are made from now on read the address, spelled as they do."""
    spell(spelt)
    with _address() as address:
        address.set_initial_query_params_from_current()


def let_go(key: str) -> None:
    """Take the address of a control that has been made out of Streamlit's hands.

    The browser goes on writing what a visitor moves there. Streamlit would otherwise refuse `write_address`, and at
    each change of the page take all settings out of the address of the page that is left, by an entry of its own.
    """
    with _address() as address:
        _unbind(address, key)


def _unbind(address: QueryParams, key: str) -> None:
    binding = address.get_binding_for_param(key)
    if binding is not None:
        address.unbind_widget(binding.widget_id)


@contextmanager
def _address() -> Iterator[QueryParams]:
    """Streamlit's copy of the address. `st.query_params` is the same without what it keeps for its own widgets."""
    context = get_script_run_ctx()
    assert context is not None, "there is no address outside a page"
    with context.session_state.query_params() as address:
        yield address


def read(names: Names, key: str, text: str, setting: Setting | None) -> tuple[Any, Remark | None]:
    """The value that a control shows for a text of the address, None if none, and a remark unless it is that one.

    A text is a value's key, whatever the language, or how its control shows it. A page may have no such setting; the
    language is none, see `language`, nor is what is seen.
    """
    if known := {IN_LINK: languages(), SEEN_IN_LINK: SEEN}.get(key):
        return None, None if text in known else not_one_of(key, text, lambda _: known)
    if setting is None:
        return None, remark("unknown", key)
    if setting.longest:
        cut = len(text) > setting.longest
        return setting.nearest(text), remark("cut", key, text, count=setting.longest) if cut else None
    if isinstance(knob := KNOBS.get(key), Number):
        return _read_number(key, text, knob, setting)
    spelt = {form.lower(): value for value in setting.values for form in (in_link(key, value), names.shown(key, value))}
    value = spelt.get(text.lower())
    if value is None:
        with suppress(ValueError):
            value = setting.written(float(text))
    if value is not None:
        return value, None
    return None, not_one_of(key, text, lambda of: [of.shown(key, one) for one in setting.values])


def _read_number(key: str, text: str, knob: Number, setting: Setting) -> tuple[Any, Remark | None]:
    try:
        value = knob.checked(key, int(text) if knob.whole else float(text))
    except (ValueError, OverflowError):
        limits = {"minimum": written(min(setting.values)), "maximum": written(max(setting.values))}
        return None, remark("whole" if knob.whole else "number", key, text, **limits)
    shown = setting.nearest(value)
    return shown, None if shown == value else remark("moved", key, text, shown=f"{shown:g}")


def not_one_of(key: str, text: str, known: Callable[[Names], Sequence[str]]) -> Remark:
    """That a text of the address is none of those that are known."""

    def listed(names: Names) -> str:
        every = known(names)
        some = every if len(every) <= _MOST_NAMES else (every[0], every[1], "…", every[-1])
        return str(_notices(names.language)["listed"].join(some))

    return remark("flag" if isinstance(KNOBS.get(key), Flag) else "choice", key, text, known=listed)


def remark(kind: str, key: str, text: str | Remark = "", **said: object) -> Remark:
    """What is said of a key of the address and its text; `kind`: of the sentence, among those of links.

    `text` and each of `said` may be said in the same language.
    """

    def say(names: Names) -> str:
        numbers = {name: value(names) if callable(value) else value for name, value in (said | {"text": text}).items()}
        numbers["text"] = _plain(str(numbers["text"]))
        return str(_notices(names.language)[kind].format(key=_plain(key), **numbers))

    return say


def shown(name: str, value: object) -> Remark:
    """A value as its control shows it."""
    return lambda names: names.shown(name, value)


def _plain(text: str) -> str:
    """A stranger's text, made harmless and short for a remark in code type."""
    kept = "".join(letter for letter in text if letter.isprintable() and letter != "`")
    return kept if len(kept) <= 24 else kept[:23] + "…"
