"""The local issuer of `make run`: OpenID Connect sign-in for development, by people who exist only here.

It asks for no password, so it listens on 127.0.0.1 only. The library oauthlib implements the protocol; the keys are
those of `make token`.
"""
