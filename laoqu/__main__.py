"""``python -m laoqu`` is the command ``laoqu``."""

import sys


def start() -> int:
    """Run the command; who stops it before it is read is told so as later."""
    try:
        from laoqu.cli import main

        return main()
    except KeyboardInterrupt:
        print("laoqu: stopped", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(start())
