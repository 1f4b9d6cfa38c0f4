"""The authority of a broker, and the certificates that it signs: of the broker itself, and of its administrator."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from stack.keys import write, write_private

BROKER = "concord-broker"
ADMINISTRATOR = "concord-broker-administrator"
AUTHORITY_DAYS = 3650
LEAF_DAYS = 730
RENEW_DAYS = 60


class Certificates:
    """PEM files in a private folder: `authority.pem` is public; `broker.pem` and `administrator.pem` hold a key and its
    certificate.

    `ensure` creates what is missing, and signs again what expires within two months. The authority lasts ten years.
    """

    def __init__(self, folder: Path, hosts: Iterable[str]) -> None:
        self.folder = folder
        self.hosts = tuple(hosts)
        self.authority = folder / "authority.pem"
        self.broker = folder / "broker.pem"
        self.administrator = folder / "administrator.pem"

    def ensure(self, now: datetime | None = None) -> None:
        """Create or renew the files; a certificate that lacks one of the hosts is signed again too."""
        moment = now or datetime.now(UTC)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.authority.exists() or not self._authority_key.exists():
            self._create_authority(moment)
        for name, file in ((BROKER, self.broker), (ADMINISTRATOR, self.administrator)):
            if not file.exists() or self._is_stale(file, moment):
                write_private(file, self._signed(name, moment))

    @property
    def _authority_key(self) -> Path:
        return self.folder / "authority-key.pem"

    def _create_authority(self, now: datetime) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Concord broker authority")
        built = _builder(name, name, key.public_key(), now, AUTHORITY_DAYS).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        write_private(self._authority_key, _text(key))
        write(self.authority, _pem(built.sign(key, hashes.SHA256())), 0o644)
        for file in (self.broker, self.administrator):
            file.unlink(missing_ok=True)

    def _is_stale(self, file: Path, now: datetime) -> bool:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
        if certificate.not_valid_after_utc < now + timedelta(days=RENEW_DAYS):
            return True
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return not set(self.hosts) <= {str(each.value) for each in names}

    def _signed(self, common_name: str, now: datetime) -> str:
        authority = x509.load_pem_x509_certificate(self.authority.read_bytes())
        signing = serialization.load_pem_private_key(self._authority_key.read_bytes(), None)
        if not isinstance(signing, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{self._authority_key} is not a key of an elliptic curve.")
        key = ec.generate_private_key(ec.SECP256R1())
        built = _builder(_name(common_name), authority.subject, key.public_key(), now, LEAF_DAYS).add_extension(
            x509.SubjectAlternativeName([_alternative(host) for host in self.hosts]), critical=False
        )
        return _text(key) + _pem(built.sign(signing, hashes.SHA256()))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _alternative(host: str) -> x509.GeneralName:
    return x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=days))
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _text(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
