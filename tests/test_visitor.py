"""What an address of the browser's history stands for, of those that Streamlit makes on the way to another page."""

from rnn_dynamics.dashboard.visitor import Visitor

#: What is set on the page that is left, and what of it the next page has too.
SET = {"weights": "torch", "sequence_length": "300"}
SHARED = {"sequence_length": "300"}


def goes_from_one_page_to_another(who: Visitor) -> None:
    """By the bar, with settings of which the first page keeps one to itself."""
    who.arrive("own_network", ("weights",))
    who.choose({"weights": "torch", "sequence_length": 300, "elsewhere": 1})
    who.shown = {"weights": "torch", "sequence_length": 300}
    left = who.left
    assert left == ("own_network", SET)
    who.arrive("depth", ())
    who.note_address(SET, SHARED, left)


def test_the_new_page_with_the_settings_of_the_old_one_stands_for_what_the_new_page_has() -> None:
    goes_from_one_page_to_another(who := Visitor())
    assert who.meant_by(SET) == SHARED


def test_the_old_page_with_the_settings_of_the_new_one_stands_for_what_was_left() -> None:
    goes_from_one_page_to_another(who := Visitor())
    who.arrive("own_network", ("weights",))
    assert who.meant_by(SHARED) == SET


def test_an_address_at_which_a_page_has_stood_stands_for_itself() -> None:
    who = Visitor(stood={("own_network", frozenset(SHARED.items()))})
    goes_from_one_page_to_another(who)
    who.arrive("own_network", ("weights",))
    assert who.meant_by(SHARED) == SHARED


def test_who_comes_first_to_a_page_has_left_none() -> None:
    who = Visitor()
    left = who.left
    who.arrive("depth", ())
    who.note_address({}, SHARED, left)
    assert all(page == "depth" for page, _ in who.passed)
