"""What the environment tells a server, and who is let in: whoever is in stays in, the next one is asked to wait."""

from dataclasses import dataclass
from functools import partial
from threading import Lock

import streamlit as st

from rnn_dynamics import executor
from rnn_dynamics.content import sentences
from rnn_dynamics.dashboard.language import language
from rnn_dynamics.dashboard.links import address_now
from rnn_dynamics.dashboard.visitor import when_the_tab_closes
from rnn_dynamics.process import number_told, reads_pickles

#: Variable of the environment with the number of places, and how many there are where it is not set.
PLACES, _USUAL = "RNN_DYNAMICS_PLACES", 400
#: Key of the session's state.
_GUEST = "guest"


@dataclass(eq=False)
class Guest:
    """A session, and whether it has been in before."""

    known: bool = False


class Door:
    """The door of a server with so many places."""

    def __init__(self, places: int) -> None:
        self.places = places
        self._inside: set[Guest] = set()
        self._lock = Lock()

    @property
    def inside(self) -> int:
        """How many visitors are in."""
        return len(self._inside)

    def __contains__(self, guest: Guest) -> bool:
        return guest in self._inside

    def let_in(self, guest: Guest) -> bool:
        """Whether there was a place; who comes back has it anyway, for what that session remembers is still here."""
        with self._lock:
            if guest.known or len(self._inside) < self.places:
                self._inside.add(guest)
                guest.known = True
        return guest in self

    def leave(self, guest: Guest) -> None:
        """Give the place back, if there is one."""
        with self._lock:
            self._inside.discard(guest)


@st.cache_resource(show_spinner=False)
def the_door() -> Door:
    """The door of this server, which ends where the environment tells it something that cannot be.

    Who computes is chosen here, before anybody is in and while every core may still be used.
    """
    reads_pickles()
    executor.use(executor.told())
    return Door(number_told(PLACES, _USUAL))


def is_let_in() -> bool:
    """Whether this session has a place, or gets one now."""
    guest, door = st.session_state.setdefault(_GUEST, Guest()), the_door()
    if guest not in door and door.let_in(guest):
        when_the_tab_closes("door", partial(door.leave, guest))
    return guest in door


def show_full() -> None:
    """Say that there is no place, and how to come back."""
    words = sentences("app", language())["full"]
    st.set_page_config(page_title=words["title"])
    st.title(words["title"], anchor=False)
    st.markdown(words["prose"].format(places=the_door().places))
    st.button(words["again"])  # whatever is pressed begins this anew
    st.code(address_now(), language=None, wrap_lines=True)
