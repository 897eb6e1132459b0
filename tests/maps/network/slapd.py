"""A real OpenLDAP server with the suite's users."""

import base64
import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import attrs
import trustme

from tests.maps.network.server import Server, answers, find, folder_for_a_server
from tests.maps.network.users import USERS
from tests.ports import free_port

BASE = "ou=mailbox,dc=example,dc=com"
# The schema that perdition 2.2 ships: 1.3.6.1.4.1.8262 is VergeNet's.
SCHEMA = """
attributetype ( 1.3.6.1.4.1.8262.2.1.1 NAME 'username' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch
    SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.8262.2.1.2 NAME 'mailhost' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch
    SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.8262.2.1.3 NAME 'port' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch
    SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.3.6.1.4.1.8262.2.2.1 NAME 'perditionPopmap' SUP top STRUCTURAL
    MAY ( uid $ username $ mailhost $ port ) )
"""
CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include {folder}/perdition.schema
pidfile {folder}/slapd.pid
argsfile {folder}/slapd.args
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCACertificateFile {folder}/ca.pem
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
database mdb
maxsize 104857600
suffix "dc=example,dc=com"
rootdn "cn=admin,dc=example,dc=com"
rootpw canary
directory {folder}/db
index uid eq
access to dn.subtree="ou=closed,dc=example,dc=com" by users read by * none
access to * by * read
"""
TREE = """
dn: dc=example,dc=com
objectClass: top
objectClass: dcObject
objectClass: organization
o: example
dc: example

dn: ou=mailbox,dc=example,dc=com
objectClass: organizationalUnit
ou: mailbox

dn: ou=closed,dc=example,dc=com
objectClass: organizationalUnit
ou: closed

dn: uid=joe,ou=closed,dc=example,dc=com
objectClass: perditionPopmap
uid: joe
mailhost: closed.example.com

dn: uid=whole,ou=mailbox,dc=example,dc=com
objectClass: perditionPopmap
uid: whole
username: joe@one.example.com:1143

dn: uid=serverless,ou=mailbox,dc=example,dc=com
objectClass: perditionPopmap
uid: serverless
username: joe
port: 1143

dn: cn=twice,ou=closed,dc=example,dc=com
objectClass: applicationProcess
objectClass: uidObject
cn: twice
uid: twice

dn: cn=twice2,ou=closed,dc=example,dc=com
objectClass: applicationProcess
objectClass: uidObject
cn: twice2
uid: twice
"""


@attrs.frozen
class Directory:
    """A running server."""

    server: Server
    port: int
    tls_port: int
    socket: Path
    ca_file: Path


@contextlib.contextmanager
def slapd(more: str = "") -> Iterator[Directory]:
    """Run it; there may be more entries, in LDIF."""
    with folder_for_a_server() as folder:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(folder / "ca.pem")
        certificate = authority.issue_cert("127.0.0.1")
        certificate.private_key_pem.write_to_path(folder / "server.key")
        for part in certificate.cert_chain_pems:
            part.write_to_path(folder / "server.pem", append=True)
        (folder / "perdition.schema").write_text(SCHEMA)
        configuration = folder / "slapd.conf"
        configuration.write_text(CONFIGURATION.format(folder=folder))
        (folder / "db").mkdir()
        (folder / "base.ldif").write_text(TREE + entries() + "\n" + more)
        subprocess.run(
            [find("slapadd"), "-q", "-f", str(configuration), "-l", str(folder / "base.ldif")],
            check=True,
            capture_output=True,
            timeout=60,
        )
        port, tls_port = free_port(), free_port()
        socket = folder / "ldapi"
        quoted = str(socket).replace("/", "%2F")
        urls = f"ldap://127.0.0.1:{port} ldaps://127.0.0.1:{tls_port} ldapi://{quoted}"
        server = Server(
            [find("slapd"), "-f", str(configuration), "-d", "0", "-h", urls],
            lambda: answers(port) and answers(tls_port),
            folder / "log",
        )
        server.start()
        try:
            yield Directory(server, port, tls_port, socket, folder / "ca.pem")
        finally:
            server.kill()


def entries() -> str:
    """Write the users as LDIF."""
    text = ""
    for number, user in enumerate(USERS):
        rows = {"uid": user.key, "username": user.user, "mailhost": user.server, "port": user.port}
        text += f"\ndn: uid=u{number},{BASE}\nobjectClass: perditionPopmap\nuid: u{number}\n"
        text += "".join(f"{name}:: {coded(value)}\n" for name, value in rows.items() if value)
    return text


def coded(value: str) -> str:
    """Write a value as LDIF does if it is not plain."""
    return base64.b64encode(value.encode()).decode("ascii")
