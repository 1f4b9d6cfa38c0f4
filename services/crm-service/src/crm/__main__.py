"""`python -m crm`: the verbs of the service."""

from adjustments.garbage import uncollected

with uncollected():  # A fifth of the time to import the modules.
    from access.api_keys.verb import add_keys
    from audit.verb import add_audit
    from chassis.service import cli
    from files import of_tenant
    from importing.verb import add_import
    from tenants import add_tenants

    from crm.wiring import IMPORTS, SERVICE

verbs = cli(SERVICE)
add_keys(verbs, SERVICE.name, SERVICE.settings)
add_audit(verbs, SERVICE.name, SERVICE.settings)
add_tenants(verbs, SERVICE.name, SERVICE.settings, of_tenant)
add_import(verbs, SERVICE.name, SERVICE.settings, IMPORTS)

if __name__ == "__main__":
    verbs()
