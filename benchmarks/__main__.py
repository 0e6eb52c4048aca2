"""One quick round of each benchmark that is named, by its own command, and in one process, which loads torch once.

python -m benchmarks engine ways
"""

import sys
from runpy import run_module


def main() -> None:
    """As `python -m benchmarks.… --quick` of each; the first that misses a row ends it."""
    for name in sys.argv[1:]:
        sys.argv[1:] = ["--quick"]
        run_module(f"benchmarks.{name}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
