"""`python -m stack.sign_in`: serve the issuer. HOST, PORT, DATA_DIR and SIGN_IN_REDIRECTS are its settings."""

import os

import uvicorn

from stack.folder import data_folder
from stack.keys import local_issuer
from stack.ports import HOST
from stack.sign_in.app import application
from stack.sign_in.redirects import DEFAULT


def main() -> None:
    """Serve until a signal arrives. Refuses every address but 127.0.0.1: nobody here has a password."""
    host, port = os.environ.get("HOST") or HOST, int(os.environ.get("PORT") or 8004)
    if host != HOST:
        raise SystemExit(f"The local issuer asks for no password: it listens on {HOST} only, not on {host}.")
    keys = local_issuer(data_folder())
    keys.ensure()
    named = os.environ.get("SIGN_IN_REDIRECTS") or ",".join(DEFAULT)
    registered = tuple(each.strip() for each in named.split(",") if each.strip())
    uvicorn.run(application(f"http://{HOST}:{port}", keys, registered), host=HOST, port=port, access_log=False)


if __name__ == "__main__":
    main()
