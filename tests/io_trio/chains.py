"""Certificate chains with one thing wrong each."""

import datetime
import ssl
import tempfile
from pathlib import Path
from typing import Final, Self

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW: Final = datetime.datetime.now(datetime.UTC)
DAY: Final = datetime.timedelta(days=1)
NAME: Final = "imap.example.com"


@attrs.frozen
class Issued:
    """A certificate, its key, and who issued it; None: it is signed by itself."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    issuer: "Issued | None" = None

    @classmethod
    def make(
        cls,
        name: str = NAME,
        issuer: "Issued | None" = None,
        *,
        ca: bool = False,
        begins: datetime.datetime = NOW - DAY,
        ends: datetime.datetime = NOW + DAY,
    ) -> Self:
        """Issue one."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = x509.CertificateBuilder().subject_name(subject).public_key(key.public_key())
        builder = builder.issuer_name(issuer.certificate.subject if issuer else subject)
        builder = builder.not_valid_before(begins).not_valid_after(ends).serial_number(x509.random_serial_number())
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        if not ca:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        return cls(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key, issuer)

    @property
    def pem(self) -> bytes:
        """The certificate alone."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def chain_pem(self, *, with_root: bool) -> bytes:
        """The certificate and those above it, as a server sends them."""
        pem, above = self.pem, self.issuer
        while above is not None and (with_root or above.issuer is not None):
            pem, above = pem + above.pem, above.issuer
        return pem

    def key_pem(self, phrase: bytes | None = None) -> bytes:
        """The key, locked by a pass phrase if there is one."""
        lock = serialization.BestAvailableEncryption(phrase) if phrase else serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)

    def server_context(self, *, with_root: bool = False) -> ssl.SSLContext:
        """Give the standard library's context of a server that sends the chain."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._load(context, with_root=with_root)
        return context

    def client_context(self) -> ssl.SSLContext:
        """Give the context of a client that shows the chain and trusts everybody."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._load(context, with_root=False)
        return context

    def _load(self, context: ssl.SSLContext, *, with_root: bool) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "chain.pem"
            file.write_bytes(self.key_pem() + self.chain_pem(with_root=with_root))
            context.load_cert_chain(file)
