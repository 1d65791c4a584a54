"""``python -m laoqu`` is the command ``laoqu``."""

import sys

from laoqu.cli import main

sys.exit(main())
