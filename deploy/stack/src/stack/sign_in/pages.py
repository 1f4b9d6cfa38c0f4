"""The pages of the issuer: plain HTML without a script."""

from collections.abc import Iterable
from html import escape
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

from stack.sign_in.people import Person

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 3rem auto; padding: 0 1rem; color: #1b1f24 }
h1 { font-size: 1.4rem; margin-bottom: .2rem } p { color: #57606a; margin: .2rem 0 1.2rem }
button { display: block; width: 100%; margin: 0 0 .5rem; padding: .6rem .9rem; text-align: left; font: inherit;
  border: 1px solid #d0d7de; border-radius: .4rem; background: #fff; color: inherit; cursor: pointer }
button:hover, button:focus { border-color: #0969da; background: #f3f8ff } small { color: #57606a }
"""


def choose(people: Iterable[Person], action: str, redirect_uri: str) -> HTMLResponse:
    """Who signs in: one button for each."""
    buttons = "".join(
        f'<button name="person" value="{escape(each.subject)}"><strong>{escape(each.name)}</strong> '
        f"&middot; {escape(', '.join(each.roles))}<br><small>{escape(each.about)}</small></button>"
        for each in people
    )
    target = urlsplit(redirect_uri)
    origin = f"{target.scheme}://{target.netloc}"
    text = f"Concord on this machine. Nobody here has a password. You go back to <strong>{escape(origin)}</strong>."
    form = f'<form method="post" action="{escape(action)}">{buttons}</form>'
    # A browser applies `form-action` to the redirect that answers the form too.
    return page("Sign in", f"<p>{text}</p>{form}", forms=f"'self' {origin}")


def page(title: str, body: str, status: int = 200, forms: str = "'none'") -> HTMLResponse:
    """A page that loads nothing, and that no other page can contain."""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    text = f'<!doctype html><html lang="en">{head}<style>{STYLE}</style><h1>{escape(title)}</h1>{body}</html>'
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action {forms}; frame-ancestors 'none'"
    )
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
    return HTMLResponse(text, status, headers=headers)
