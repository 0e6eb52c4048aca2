"""`python -m rnn_dynamics.content fr`: what the folder of a language lacks of English, a line each."""

import sys

from rnn_dynamics.content.missing import missing

#: How many lines there are: 0 where nothing is missing, 1 where something is.
if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    lines = missing(sys.argv[1])
    print(*lines, sep="\n") if lines else print(f"{sys.argv[1]} is complete")
    sys.exit(bool(lines))
