"""`python -m gateway api | worker | migrate | openapi | key`."""

from adjustments.garbage import uncollected

with uncollected():  # A fifth of the time to import the modules.
    from access.api_keys.verb import add_keys
    from audit.verb import add_audit
    from chassis.service import cli
    from tenants import add_tenants

    from gateway.store import pauses
    from gateway.wiring import SERVICE

verbs = cli(SERVICE)
add_keys(verbs, SERVICE.name, SERVICE.settings)
add_audit(verbs, SERVICE.name, SERVICE.settings)
add_tenants(verbs, SERVICE.name, SERVICE.settings, suspended=pauses.pause_all, resumed=pauses.resume_all)

if __name__ == "__main__":
    verbs()
