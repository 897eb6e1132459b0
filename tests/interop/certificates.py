"""Certificates for the tests, from two throw-away authorities."""

from pathlib import Path

import attrs
import trustme


@attrs.frozen
class Certificates:
    """PEM files.

    Attributes:
        ca: the authority that everybody trusts.
        certificate: of localhost, with its common name: some clients want one.
        key: its key.
        elsewhere: a certificate of another host by the same authority.
        elsewhere_key: its key.
        other_ca: an authority that has signed nothing here.
    """

    ca: Path
    certificate: Path
    key: Path
    elsewhere: Path
    elsewhere_key: Path
    other_ca: Path


def make(folder: Path) -> Certificates:
    """Write them into a folder."""
    files = Certificates(*(folder / f"{field.name}.pem" for field in attrs.fields(Certificates)))
    ca = trustme.CA()
    ca.cert_pem.write_to_path(files.ca)
    trustme.CA().cert_pem.write_to_path(files.other_ca)
    here = ca.issue_cert("localhost", "127.0.0.1", "::1", common_name="localhost")
    there = ca.issue_cert("elsewhere.example", common_name="elsewhere.example")
    for leaf, certificate, key in ((here, files.certificate, files.key), (there, files.elsewhere, files.elsewhere_key)):
        for blob in leaf.cert_chain_pems:
            blob.write_to_path(certificate, append=True)
        leaf.private_key_pem.write_to_path(key)
    return files
