"""`python -m erp`: the verbs of the service."""

from chassis.service import cli
from importing.verb import add_import

from erp.wiring import IMPORTS, SERVICE

verbs = cli(SERVICE)
add_import(verbs, SERVICE.name, SERVICE.settings, IMPORTS)

if __name__ == "__main__":
    verbs()
