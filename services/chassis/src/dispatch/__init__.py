"""Serves the routes of a FastAPI application without its router and its dependency solver.

FastAPI finds a route by trying all before it, twice, and interprets the declarations of its dependencies for each
request: in an application of some hundred routes, this costs several times more than a read. Here both are done once:
`index` finds a route by its method and first segments, `plan` turns the dependencies of a route into a list of calls.

The declarations, the documents and the semantics stay FastAPI's, whose functions read parameters and bodies. What a
plan does not cover (forms, cookies, functions that are not async, events), and every address that no route has, is
served by FastAPI itself.
"""

from dispatch.layer import Dispatch

__all__ = ["Dispatch"]
