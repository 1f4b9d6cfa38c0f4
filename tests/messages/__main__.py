"""`python -m tests.messages write|check`."""

import sys

from localisation.catalogues import file_of

from .catalogues import TRANSLATED, as_file, faults, tolerated, updated
from .sources import sources


def write() -> int:
    """Update all catalogues from the code."""
    found = sources()
    for language in TRANSLATED:
        file_of(language).write_bytes(as_file(updated(language, found)))
    print(f"{len(found)} texts in {len(TRANSLATED)} catalogues")
    return 0


def check() -> int:
    """Print what the catalogues lack; returns 1 if that is anything."""
    found = sources()
    lines = []
    for language in TRANSLATED:
        lines += [f"{language}: {fault}" for fault in tolerated(language, list(faults(language, found)))]
    print("\n".join(lines) or f"{len(found)} texts are translated into {len(TRANSLATED)} languages")
    if lines:
        print("Run `make messages`, and translate what is missing or fuzzy in contracts/src/localisation/po.")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit({"write": write, "check": check}[sys.argv[1]]())
