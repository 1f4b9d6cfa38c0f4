"""Conformance of a system's port: `python -m contracts conform URL`.

The checks play the gateway against one system, over HTTP and nothing else. They create records under new canonical
ids, and archive them at the end.
"""
