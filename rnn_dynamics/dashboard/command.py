"""The command `rnn-dynamics`: the dashboard of an installed package, whose pages came along in the wheel."""

import sys
from pathlib import Path

from streamlit.web import cli

from rnn_dynamics import process
from rnn_dynamics.dashboard.door import the_door

_PACKAGE = Path(__file__).resolve().parents[1]
#: Where the entry script, its pages and its settings are: beside the package in a checkout, within it in a wheel.
APP = next(folder for folder in (_PACKAGE / "app", _PACKAGE.parent) if (folder / "pages").is_dir())


def main() -> None:
    """Start the dashboard; options are those of `streamlit run`."""
    the_door()  # before anybody comes
    process.share_one_heap()  # while there is no other thread: 80 MB less on a server whose pages are all open
    sys.argv = ["streamlit", "run", str(APP / "streamlit_app.py"), *sys.argv[1:]]
    cli.main()
