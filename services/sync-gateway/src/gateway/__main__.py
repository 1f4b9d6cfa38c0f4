"""`python -m gateway api | worker | migrate | openapi`."""

from chassis.service import cli

from gateway.wiring import SERVICE

if __name__ == "__main__":
    cli(SERVICE)()
