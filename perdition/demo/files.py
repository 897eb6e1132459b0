"""What the demo writes into its folder: a CA, a certificate, popmaps and the proxy's configuration."""

import json
import os
import ssl
from pathlib import Path
from typing import Final

import attrs
import trustme

from perdition.demo.contents import USERS
from perdition.maps.sqlite import create

HOST: Final = "127.0.0.1"
NAMES: Final = ("localhost", "127.0.0.1", "::1")


@attrs.frozen
class Entry:
    """One listener of the proxy.

    Attributes:
        protocol: perdition option protocol.
        offset: what is added to the base port.
        ssl_mode: perdition option ssl_mode.  Towards the demo servers STARTTLS is used where it is offered: by A.
        backend: which of the demo servers' protocols is behind it.
    """

    protocol: str
    offset: int
    ssl_mode: str
    backend: str


# 1110, 1995, 1143, 1993 and 14190 with the base port 1000: the standard ports behind a 1.
ENTRIES: Final = (
    Entry("POP3", 110, "tls_listen,tls_outgoing", "pop3"),
    Entry("POP3S", 995, "ssl_listen,tls_outgoing", "pop3"),
    Entry("IMAP4", 143, "tls_listen,tls_outgoing", "imap4"),
    Entry("IMAP4S", 993, "ssl_listen,tls_outgoing", "imap4"),
    Entry("MANAGESIEVE", 13190, "tls_listen,tls_outgoing", "managesieve"),
)
BASE_PORT: Final = 1000
LARGEST_BASE_PORT: Final = 65535 - max(entry.offset for entry in ENTRIES)


def ports(base_port: int) -> dict[str, int]:
    """Give the port of each protocol of the proxy."""
    return {entry.protocol: base_port + entry.offset for entry in ENTRIES}


@attrs.frozen
class Folder:
    """The demo's folder."""

    path: Path

    @property
    def ca(self) -> Path:
        """The CA's certificate, for clients."""
        return self.path / "ca.pem"

    @property
    def certificate(self) -> Path:
        """The certificate chain of the proxy and of the demo servers."""
        return self.path / "cert.pem"

    @property
    def key(self) -> Path:
        """Its key."""
        return self.path / "key.pem"

    @property
    def configuration(self) -> Path:
        """The proxy's configuration."""
        return self.path / "perdition.toml"

    @property
    def muttrc(self) -> Path:
        """What mutt needs to know."""
        return self.path / "muttrc"

    def popmap(self, backend: str) -> Path:
        """The popmap of one protocol: a real server has another port in each."""
        return self.path / f"popmap-{backend}.sqlite"

    def write_certificates(self) -> ssl.SSLContext:
        """Make a CA and a certificate; give a demo server's context with it."""
        ca = trustme.CA(organization_name="perdition demo")
        certificate = ca.issue_cert(*NAMES, common_name=NAMES[0])
        ca.cert_pem.write_to_path(str(self.ca))
        for index, blob in enumerate(certificate.cert_chain_pems):
            blob.write_to_path(str(self.certificate), append=index > 0)
        certificate.private_key_pem.write_to_path(str(self.key))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        certificate.configure_cert(context)
        return context

    def write_popmap(self, backend: str, servers: dict[str, int]) -> None:
        """Write who is where.

        Args:
            backend: for which protocol.
            servers: the ports of A and B.
        """
        rows = [(user, f"{HOST}:{servers[server]}") for server, users in USERS.items() for user in users]
        create(str(self.popmap(backend)), rows)

    def write_configuration(self, base_port: int) -> None:
        """Write the proxy's configuration, for people to read as well."""
        common: dict[str, str | int] = {
            "log_facility": "-",
            "pid_file": "",
            "username": str(os.getuid()),  # started by root, too, it goes on as who it is
            "group": str(os.getgid()),
            "shutdown_grace": 1,
            "workers": 1,
            "bind_address": HOST,
            "map_library": "sqlite",
            "ssl_cert_file": str(self.certificate),
            "ssl_key_file": str(self.key),
            "ssl_ca_file": str(self.ca),
        }
        lines = ["# What `./dev demo` runs; see docs/start.md", *settings(common)]
        for entry in ENTRIES:
            own: dict[str, str | int] = {
                "protocol": entry.protocol,
                "listen_port": ports(base_port)[entry.protocol],
                "ssl_mode": entry.ssl_mode,
                "map_library_opt": str(self.popmap(entry.backend)),
            }
            lines += ["", "[[listener]]", *settings(own)]
        self.configuration.write_text("\n".join(lines) + "\n")

    def write_muttrc(self, base_port: int) -> None:
        """Write what mutt and neomutt need to know to be alice."""
        user, port = "alice", ports(base_port)["IMAP4"]
        password = next(users[user] for users in USERS.values() if user in users)
        lines = {
            "folder": f"imap://{user}@localhost:{port}/",
            "spoolfile": "+INBOX",
            "imap_pass": password,
            "ssl_starttls": "yes",
            "ssl_ca_certificates_file": str(self.ca),
        }
        self.muttrc.write_text("".join(f'set {name}="{value}"\n' for name, value in lines.items()))


def settings(values: dict[str, str | int]) -> list[str]:
    """Write TOML: these strings are written alike in JSON."""
    return [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]
