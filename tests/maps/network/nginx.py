"""A real nginx: a hook for auth_http, answers in JSON, and nginx's own mail proxy, which asks the hook."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

import attrs
import trustme

from tests.maps.network.server import Server, answers, find, folder_for_a_server
from tests.maps.network.users import USERS, User
from tests.ports import free_port

CONFIGURATION: Final = """
load_module /usr/lib/nginx/modules/ngx_mail_module.so;
daemon off;
master_process off;
error_log stderr warn;
pid {folder}/pid;
events {{ worker_connections 512; }}
http {{
    access_log {folder}/access combined;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    map_hash_bucket_size 512;
    keepalive_requests {keepalive};
    types {{ }}
    default_type application/json;
    log_format hook '$http_auth_method|$http_auth_user|$http_auth_pass|$http_auth_protocol|'
                    '$http_client_ip|$http_auth_ssl';
    log_format requests '$connection_requests';
    map $http_auth_user $says {{ default "Invalid login or password"; {statuses} }}
    map $http_auth_user $says_code {{ default ""; {codes} }}
    map $http_auth_user $host_of {{ default ""; {hosts} }}
    map $http_auth_user$http_auth_protocol $port_of {{ default ""; {ports} }}
    map $http_auth_user $user_of {{ default ""; {users} }}
    map $arg_name $by_query {{ default ""; {by_query} }}
    map $request_uri $by_path {{ default ""; {by_path} }}
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.key;
    server {{
        listen 127.0.0.1:{port};
        listen 127.0.0.1:{tls_port} ssl;
        listen unix:{folder}/socket;
        location /auth {{
            access_log {folder}/hook hook;
            access_log {folder}/requests requests;
            add_header Auth-Status $says;
            add_header Auth-Server $host_of;
            add_header Auth-Port $port_of;
            add_header Auth-User $user_of;
            add_header Auth-Error-Code $says_code;
            add_header Auth-Wait 1;
            return 204;
        }}
        location = /closed/auth {{
            if ($http_x_auth_key != "canary key") {{ return 403; }}
            rewrite ^ /auth;
        }}
        location = /json {{
            if ($by_query = "") {{ return 404; }}
            return 200 $by_query;
        }}
        location /path/ {{
            if ($by_path = "") {{ return 404; }}
            return 200 $by_path;
        }}
        location /basic {{
            auth_basic "users";
            auth_basic_user_file {folder}/passwords;
            try_files /nothing @basic;
        }}
        location @basic {{ return 200 '{{"server": "basic.example.com"}}'; }}
        location = /bearer {{
            if ($http_authorization != "Bearer canary") {{ return 401; }}
            return 200 '{{"server": "bearer.example.com"}}';
        }}
        location = /moved {{ return 302 /json?$args; }}
        location = /busy {{ return 503; }}
        location / {{ return 404; }}
    }}
}}
mail {{
    server_name localhost;
    auth_http http://127.0.0.1:{port}/auth;
    proxy_pass_error_message on;
    server {{ listen 127.0.0.1:{imap_port}; protocol imap; }}
    server {{ listen 127.0.0.1:{pop3_port}; protocol pop3; }}
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.key;
    server {{
        listen 127.0.0.1:{other_port};
        listen 127.0.0.1:{other_tls_port} ssl;
        protocol imap;
        auth_http http://127.0.0.1:{recorder_port}/auth;
    }}
}}
"""
TEMPORARY: Final = {
    "busy": ("Temporary server problem, try again later", "451 4.3.0"),
    "coded": ("Sorry", "451 4.3.0"),
    "imap code": ("[UNAVAILABLE] sorry", ""),
    "pop3 code": ("[SYS/TEMP] sorry", ""),
    "sieve code": ("TRYLATER", ""),
    "wait": ("WAIT", ""),
}
REFUSED: Final = {"never": ("Unknown user", "535 5.7.8")}


@attrs.frozen
class Nginx:
    """A running server."""

    server: Server
    folder: Path
    port: int
    tls_port: int
    imap_port: int
    pop3_port: int
    other_port: int
    other_tls_port: int

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def socket(self) -> Path:
        return self.folder / "socket"

    def heard(self) -> list[str]:
        """What the hook was told: method, user, password, protocol, client and TLS of each request."""
        return (self.folder / "hook").read_text().splitlines()


@contextlib.contextmanager
def nginx(
    *more: User, keepalive: int = 1000, more_ports: Mapping[str, int] = MappingProxyType({}), recorder_port: int = 0
) -> Iterator[Nginx]:
    """Run it.

    Args:
        more: users beside the suite's.
        keepalive: how many requests it takes over a connection.
        more_ports: the hook's answers to a user name with a protocol's behind it.
        recorder_port: another hook, for its mail proxy on other_port.
    """
    with folder_for_a_server() as folder:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(folder / "ca.pem")
        certificate = authority.issue_cert("127.0.0.1")
        certificate.private_key_pem.write_to_path(folder / "server.key")
        for part in certificate.cert_chain_pems:
            part.write_to_path(folder / "server.pem", append=True)
        (folder / "passwords").write_text("me:{PLAIN}canary@pa/ss\n")
        names = ("port", "tls_port", "imap_port", "pop3_port", "other_port", "other_tls_port")
        ports = {name: free_port() for name in names}
        file = folder / "nginx.conf"
        users = [user for user in (*USERS, *more) if user.server]
        file.write_text(
            CONFIGURATION.format(
                folder=folder, keepalive=keepalive, recorder_port=recorder_port or 1, **ports, **maps(users, more_ports)
            )
        )
        command = f"rm -f {folder}/socket; exec {find('nginx')} -p {folder} -c {file} -e stderr"  # it leaves its socket
        server = Server(["sh", "-c", command], lambda: answers(ports["port"]), folder / "log")
        server.start()
        try:
            yield Nginx(server, folder, **ports)
        finally:
            server.kill()


ANOTHER: Final = """
daemon off;
master_process off;
error_log stderr warn;
pid {folder}/pid;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/http.conf;
}}
"""


@contextlib.contextmanager
def nginx_with(configuration: str, listen: str) -> Iterator[str]:
    """Run it with what stands in `http`; give where it listens, instead of `listen`."""
    with folder_for_a_server() as folder:
        port = free_port()
        assert listen in configuration
        (folder / "http.conf").write_text(configuration.replace(listen, f"127.0.0.1:{port}"))
        (folder / "nginx.conf").write_text(ANOTHER.format(folder=folder))
        command = [find("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
        server = Server(command, lambda: answers(port), folder / "log")
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.kill()


def maps(users: Iterable[User], more_ports: Mapping[str, int]) -> Mapping[str, str]:
    """Write the hook's tables and the answers in JSON."""
    said = {**TEMPORARY, **REFUSED}
    return {
        "statuses": table({user.key: "OK" for user in users} | {name: status for name, (status, _) in said.items()}),
        "codes": table({name: code for name, (_, code) in said.items()}),
        "hosts": table({user.key: user.server or "" for user in users}),
        "ports": table(
            {f"{user.key}{proto}": user.port for user in users if user.port for proto in ("imap", "pop3")}
            | {name: str(port) for name, port in more_ports.items()}
        ),
        "users": table({user.key: user.user or "" for user in users}),
        "by_query": quoted_table({quote(user.key, safe=""): in_json(user) for user in users}),
        "by_path": quoted_table({f"/path/{quote(user.key, safe='')}/mailbox": in_json(user) for user in users}),
    }


def in_json(user: User) -> str:
    """Write what a server says of a user."""
    port = {"port": int(user.port)} if user.port else {}
    return json.dumps({"user": user.user, "server": user.server, **port}, ensure_ascii=False)


def table(rows: Mapping[str, str]) -> str:
    """Write rows of a map by the names as nginx escapes them."""
    return quoted_table({name.replace("%", "%25").replace(" ", "%20"): value for name, value in rows.items()})


def quoted_table(rows: Mapping[str, str]) -> str:
    """Write rows of a map."""
    return "".join(f"{quoted(name)} {quoted(value)}; " for name, value in rows.items())


def quoted(text: str) -> str:
    """Write a string of nginx's configuration."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
