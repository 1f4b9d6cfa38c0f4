"""An issuer of tokens with a real key."""

import json
import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm


class TestIssuer:
    """`https://issuer.test`, whose public key stands in a file."""

    __test__ = False
    name = "https://issuer.test"

    def __init__(self, jwks: Path) -> None:
        self.jwks = jwks
        self.key = ec.generate_private_key(ec.SECP256R1())
        public: dict[str, Any] = json.loads(ECAlgorithm.to_jwk(self.key.public_key()))
        jwks.write_text(json.dumps({"keys": [{**public, "kid": "one", "alg": "ES256", "use": "sig"}]}))

    def token(self, **claims: str) -> str:
        usual = {"iss": self.name, "aud": "concord-gateway", "exp": int(time.time()) + 300}
        return jwt.encode({**usual, **claims}, self.key, algorithm="ES256", headers={"kid": "one"})
