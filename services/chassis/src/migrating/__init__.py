"""Changes of the schema that several services make alike: one module for each, named after the change.

A revision of a service states its id and its predecessor, and calls the module. A module is frozen once it is released:
another change of the same table is another module. It imports no other package of ours, so that what a migration does
depends on no code that changes.
"""
