"""Whose certificate chain is good, as the options say."""

from collections.abc import Mapping
from typing import Final

import attrs
from OpenSSL import SSL, crypto

from perdition.config.settings import Settings

Codes = SSL.X509VerificationCodes

TOO_LONG: Final = "the certificate chain is too long"
# What OpenSSL finds, in words for the log.
FOUND: Final[Mapping[int, str]] = {
    Codes.ERR_UNABLE_TO_GET_ISSUER_CERT: "the issuer of a certificate is not known",
    Codes.ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the issuer of a certificate is not known",
    Codes.ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the issuer of the certificate is not known",
    Codes.ERR_CERT_NOT_YET_VALID: "a certificate is not valid yet",
    Codes.ERR_CERT_HAS_EXPIRED: "a certificate has expired",
    Codes.ERR_DEPTH_ZERO_SELF_SIGNED_CERT: "the certificate is signed by itself",
    Codes.ERR_SELF_SIGNED_CERT_IN_CHAIN: "the root of the certificate chain is not known",
    Codes.ERR_CERT_CHAIN_TOO_LONG: TOO_LONG,
    Codes.ERR_CERT_REVOKED: "a certificate is revoked",
    Codes.ERR_CERT_SIGNATURE_FAILURE: "a certificate's signature is wrong",
    Codes.ERR_INVALID_CA: "an issuer is no certificate authority",
    Codes.ERR_INVALID_PURPOSE: "a certificate is for another purpose",
}
# Defects that an option forgives.
FORGIVEN: Final[Mapping[str, int]] = {
    "ssl_ca_accept_self_signed": Codes.ERR_SELF_SIGNED_CERT_IN_CHAIN,
    "ssl_cert_accept_self_signed": Codes.ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
    "ssl_cert_accept_expired": Codes.ERR_CERT_HAS_EXPIRED,
    "ssl_cert_accept_not_yet_valid": Codes.ERR_CERT_NOT_YET_VALID,
}


@attrs.frozen
class Verifier:
    """Decides on each certificate of a chain; why it said no is left as the connection's application data.

    Args:
        forgiven: OpenSSL's numbers of defects that do not count.
        depth: how many certificates may stand above the first.
    """

    forgiven: frozenset[int]
    depth: int

    def __call__(
        self, connection: SSL.Connection, certificate: crypto.X509, number: int, depth: int, good: int
    ) -> bool:
        if depth > self.depth:
            connection.set_app_data(TOO_LONG)
            return False
        if good or number in self.forgiven:
            return True
        connection.set_app_data(FOUND.get(number, f"a certificate is not good (OpenSSL's error {number})"))
        return False


def verifier(settings: Settings) -> Verifier:
    """Make it from ssl_ca_accept_self_signed, ssl_cert_accept_* and ssl_cert_verify_depth."""
    forgiven = frozenset(number for option, number in FORGIVEN.items() if getattr(settings, option))
    return Verifier(forgiven, settings.ssl_cert_verify_depth)
