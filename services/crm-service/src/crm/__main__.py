"""`python -m crm`: the verbs of the service."""

from chassis.service import cli

from crm.wiring import SERVICE

if __name__ == "__main__":
    cli(SERVICE)()
