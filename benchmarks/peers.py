"""How the peers are started that are not perdition: one process of each that does the work."""

import grp
import os
import pwd
from pathlib import Path
from typing import Final

from benchmarks.cases import Protocol, Transport
from benchmarks.launch import Launch, Place

# --- nginx

NGINX: Final = """
load_module {module};
daemon off;
{user}
worker_processes 1;
pid {folder}/pid;
error_log {folder}/log info;
events {{ worker_connections 20000; }}
http {{
    access_log off;
    server {{
        listen 127.0.0.1:{spare} backlog=4096;
        location = /auth {{
            add_header Auth-Status OK;
            add_header Auth-Server 127.0.0.1;
            add_header Auth-Port {server};
            return 204;
        }}
    }}
}}
mail {{
    server_name localhost;
    auth_http 127.0.0.1:{spare}/auth;
    proxy_timeout 24h;
    proxy_buffer 64k;
    imap_capabilities IMAP4rev1 LITERAL+ IDLE;
    pop3_auth plain;
    server {{
        listen 127.0.0.1:{port} {tls} backlog=4096;
        protocol {protocol};
        {tls_options}
    }}
}}
"""


def nginx(place: Place) -> Launch:
    """Start nginx's mail module; its authentication service is the same nginx, and says yes."""
    modules = sorted(Path("/usr").glob("lib*/nginx/modules/ngx_mail_module.so"))
    tls_options = (
        f"ssl_certificate {place.certificate}; ssl_certificate_key {place.key}; ssl_protocols TLSv1.3; "
        "ssl_session_cache off; ssl_session_tickets off;"
    )
    if place.transport is Transport.STARTTLS:
        tls_options += " starttls on;"
    text = NGINX.format(
        module=modules[0] if modules else "modules/ngx_mail_module.so",
        user="user nobody nogroup;" if os.geteuid() == 0 else "",
        folder=place.folder,
        spare=place.spare,
        server=place.server,
        port=place.port,
        protocol=place.protocol.value,
        tls="ssl" if place.transport is Transport.TLS else "",
        tls_options="" if place.transport is Transport.PLAIN else tls_options,
    )
    argv = ["nginx", "-c", f"{place.folder}/nginx.conf", "-e", f"{place.folder}/log"]
    return Launch(argv, {"nginx.conf": text}, ["log"])


# --- Dovecot

DOVECOT: Final = """
base_dir = {folder}/base
state_dir = {folder}/state
log_path = {folder}/log
protocols = {protocol}
listen = 127.0.0.1
disable_plaintext_auth = no
auth_mechanisms = plain login
ssl = {ssl}
{ssl_options}
{users}
default_vsz_limit = 8 G
passdb {{
  driver = static
  args = proxy=y host=127.0.0.1 port={server} nopassword=y
}}
service {login} {{
  chroot = {chroot}
  service_count = 0
  process_min_avail = 1
  process_limit = 1
  client_limit = 9960
{listeners}
}}
service auth {{
  client_limit = 19900
}}
service anvil {{
  client_limit = 1000
}}
"""
UNCONFINED: Final = """
service anvil {
  chroot =
}
service stats {
  chroot =
}
"""
"""Only root can change roots."""
DOVECOT_NAMES: Final = {Protocol.IMAP: "imap", Protocol.POP3: "pop3", Protocol.SIEVE: "managesieve"}


def dovecot(place: Place) -> Launch:
    """Start Dovecot's log-in proxy in its fast mode: one process for all, which takes any password."""
    implicit = place.transport is Transport.TLS
    clear, tls = (0, place.port) if implicit else (place.port, 0)
    listener = "  inet_listener {name} {{\n    port = {port}\n    ssl = {ssl}\n  }}\n"
    listeners = listener.format(name=place.protocol.value, port=clear, ssl="no")
    if implicit or place.protocol is not Protocol.SIEVE:  # of which Dovecot has no second one
        listeners += listener.format(name=f"{place.protocol.value}s", port=tls, ssl="yes")
    me, group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
    users = f"default_internal_user = {me}\ndefault_internal_group = {group}\ndefault_login_user = {me}"
    text = DOVECOT.format(
        users="" if os.geteuid() == 0 else users + UNCONFINED,
        folder=place.folder,
        protocol=place.protocol.value,
        ssl="no" if place.transport is Transport.PLAIN else "yes",
        ssl_options=""
        if place.transport is Transport.PLAIN
        else f"ssl_cert = <{place.certificate}\nssl_key = <{place.key}\nssl_options = no_ticket",
        server=place.server,
        chroot="login" if os.geteuid() == 0 else "",
        login=f"{DOVECOT_NAMES[place.protocol]}-login",
        listeners=listeners,
    )
    argv = ["dovecot", "-F", "-c", f"{place.folder}/dovecot.conf"]
    return Launch(argv, {"dovecot.conf": text}, ["log"], ["base", "state"])


# --- HAProxy

HAPROXY: Final = """
global
  nbthread 1
  maxconn 9960
  tune.ssl.cachesize 0
  ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets
defaults
  mode tcp
  backlog 4096
  timeout connect 10s
  timeout client 24h
  timeout server 24h
frontend clients
  bind 127.0.0.1:{port} {tls}
  default_backend servers
backend servers
  server real 127.0.0.1:{server}
"""


def haproxy(place: Place) -> Launch:
    """Start HAProxy as a relay of TCP: it sees no log-in, and shows what a relay alone costs."""
    both = f"{place.folder}/both.pem"
    files = {
        "haproxy.cfg": HAPROXY.format(
            port=place.port,
            server=place.server,
            tls=f"ssl crt {both}" if place.transport is Transport.TLS else "",
        ),
        "both.pem": place.certificate.read_text() + place.key.read_text(),
    }
    return Launch(["haproxy", "-db", "-f", f"{place.folder}/haproxy.cfg"], files)
