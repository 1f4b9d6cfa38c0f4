"""`make run`, with fakes for the services."""

import sys
from pathlib import Path

from stack.errors import CannotStart
from stack.run import run

FAKE = str(Path(__file__).with_name("fake_service.py"))

if __name__ == "__main__":
    try:
        run(lambda service, verb: [sys.executable, FAKE, service, verb])
    except CannotStart as problem:
        sys.exit(str(problem))
