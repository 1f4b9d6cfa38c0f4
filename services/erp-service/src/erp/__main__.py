"""`python -m erp`: the verbs of the service."""

from chassis.service import cli

from erp.wiring import SERVICE

if __name__ == "__main__":
    cli(SERVICE)()
