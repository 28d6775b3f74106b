"""`python -m hsnap_tui` and the console script `hsnap-tui`."""

from __future__ import annotations

import sys

from hsnap_tui.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
