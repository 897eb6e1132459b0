"""Real Redis servers with the suite's users: one, one behind sentinels, a cluster of three."""

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import attrs
import trustme

from tests.maps.network.server import PATIENCE, Server, find, folder_for_a_server
from tests.maps.network.users import USERS, value
from tests.ports import free_port

PASSWORD: Final = "canary@pa/ss?&%"


@attrs.frozen
class Redis:
    """A running server."""

    server: Server
    port: int
    tls_port: int
    folder: Path

    @property
    def socket(self) -> Path:
        return self.folder / "redis.sock"

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"


def say(port: int, *commands: Sequence[bytes | str], cluster: bool = False) -> None:
    """Say commands to a server by its own client; each must be obeyed."""
    client = [find("redis-cli"), "-p", str(port), *(["-c"] if cluster else [])]
    if cluster:  # --pipe does not follow where it is sent
        for command in commands:
            done = subprocess.run(
                [*client, "-x", *map(str, command[:-1])],
                input=octets(command[-1]),
                capture_output=True,
                timeout=60,
                check=True,
            )
            assert done.stdout == b"OK\n", done.stdout
        return
    pipe = b"".join(resp(command) for command in commands)
    done = subprocess.run([*client, "--pipe"], input=pipe, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert b"errors: 0," in done.stdout, done.stdout


def command(port: int, *words: str) -> str:
    """Say one command; give the answer as text."""
    client = [find("redis-cli"), "-p", str(port), *words]
    return subprocess.run(client, capture_output=True, timeout=10, check=True).stdout.decode().strip()


def eventually(text: str, port: int, *words: str) -> None:
    """Wait until the answer to a command has a text in it."""
    limit = time.monotonic() + PATIENCE
    while text not in command(port, *words):
        assert time.monotonic() < limit, f"expected {text} in the answer to {words}"
        time.sleep(0.02)


def resp(command: Sequence[bytes | str]) -> bytes:
    """Write a command for the client's --pipe."""
    words = [octets(word) for word in command]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def octets(text: bytes | str) -> bytes:
    return text.encode() if isinstance(text, str) else text


def obeys(port: int) -> Callable[[], bool]:
    """Give what tells whether a server answers."""
    client = [find("redis-cli"), "-p", str(port), "PING"]

    def is_ready() -> bool:
        said = subprocess.run(client, capture_output=True, timeout=10, check=False).stdout
        return said == b"PONG\n" or said.startswith(b"NOAUTH")

    return is_ready


def rows() -> Iterator[tuple[bytes | str, ...]]:
    """Give the commands that store the users in each form."""
    for user in USERS:
        yield "SET", f"server:{user.key}", value(user, with_user=False) if user.server else b""
        yield "HSET", "servers", user.key, value(user, with_user=False) if user.server else b""
        yield "SET", f"popmap:{user.key}", value(user, with_user=True) if user.server else b""
        yield "HSET", "popmap", user.key, value(user, with_user=True) if user.server else b""
        fields = {"login": user.user, "host": user.server, "port": user.port}
        stored = [text for name, text in fields.items() if text is not None for text in (name, text)]
        yield "HSET", f"user:{user.key}", *stored
    yield "SET", "secret", "evil.example.com"
    yield "RPUSH", "popmap:list", "x"
    yield "SADD", "user:set", "x"
    yield "SET", "popmap:raw\0\r\n\xff".encode("latin-1"), b"raw\0\r\n\xff"
    yield "ACL", "SETUSER", "reader", "on", f">{PASSWORD}", "~popmap*", "+get", "+select"
    yield "SELECT", "2"
    yield "SET", "popmap:joe", "two.example.com"


@contextlib.contextmanager
def redis() -> Iterator[Redis]:
    """Run one: without a password for the default user, with one for the user `reader`."""
    with folder_for_a_server() as folder:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(folder / "ca.pem")
        certificate = authority.issue_cert("127.0.0.1")
        certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
        port, tls_port = free_port(), free_port()
        options = {
            "port": port,
            "tls-port": tls_port,
            "unixsocket": folder / "redis.sock",
            "tls-cert-file": folder / "server.pem",
            "tls-key-file": folder / "server.pem",
            "tls-ca-cert-file": folder / "ca.pem",
            "appendonly": "yes",
        }
        server = redis_server(folder, options)
        server.start()
        try:
            say(port, *rows())
            say(port, ("CONFIG", "REWRITE"))
            yield Redis(server, port, tls_port, folder)
        finally:
            server.kill()


def redis_server(folder: Path, options: dict[str, object], *arguments: str) -> Server:
    """Make a server that keeps its data and its configuration when it is started again."""
    file = folder / "redis.conf"
    lines = {"bind": "127.0.0.1", "dir": folder, "save": '""', "appendfsync": "no", **options}
    file.write_text("".join(f"{name} {said}\n" for name, said in lines.items()))
    port = options["port"]
    assert isinstance(port, int)
    return Server([find("redis-server"), str(file), *arguments], obeys(port), folder / "log")


@attrs.frozen
class Watched:
    """A server with a replica, and a sentinel that watches them."""

    master: Server
    port: int
    sentinel_port: int


@contextlib.contextmanager
def watched() -> Iterator[Watched]:
    """Run a server, a replica and a sentinel."""
    with folder_for_a_server() as folder, contextlib.ExitStack() as stack:
        ports = [free_port() for _ in range(3)]
        master, replica, sentinel = ports
        for name in ("master", "replica", "sentinel"):
            (folder / name).mkdir()
        servers = [
            redis_server(folder / "master", {"port": master, "requirepass": "canary", "masterauth": "canary"}),
            redis_server(
                folder / "replica",
                {"port": replica, "requirepass": "canary", "masterauth": "canary", "replicaof": f"127.0.0.1 {master}"},
            ),
            redis_server(
                folder / "sentinel",
                {
                    "port": sentinel,
                    "sentinel monitor service": f"127.0.0.1 {master} 1",
                    "sentinel auth-pass service": "canary",
                    "sentinel down-after-milliseconds service": 500,
                    "sentinel failover-timeout service": 5000,
                },
                "--sentinel",
            ),
        ]
        for server in servers:
            stack.callback(server.kill)
            server.start()
        # Otherwise nobody would know of the replica when the server is dead.
        eventually("slave", sentinel, "SENTINEL", "REPLICAS", "service")
        eventually("master_link_status:up", replica, "--no-auth-warning", "-a", "canary", "INFO", "replication")
        yield Watched(servers[0], master, sentinel)


@attrs.frozen
class Cluster:
    """Three servers that share the keys."""

    servers: dict[int, Server]

    @property
    def hosts(self) -> str:
        return ",".join(f"127.0.0.1:{port}" for port in self.servers)


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    """Run a cluster of three masters."""
    with folder_for_a_server() as folder, contextlib.ExitStack() as stack:
        servers: dict[int, Server] = {}
        for number in range(3):
            (folder / str(number)).mkdir()
            port = free_port()
            options = {
                "port": port,
                "cluster-enabled": "yes",
                "cluster-port": free_port(),
                "cluster-require-full-coverage": "no",
                "appendonly": "yes",
            }
            servers[port] = redis_server(folder / str(number), options)
            stack.callback(servers[port].kill)
            servers[port].start()
        places = [f"127.0.0.1:{port}" for port in servers]
        create = [find("redis-cli"), "--cluster", "create", *places, "--cluster-yes"]
        done = subprocess.run(create, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
        for port in servers:
            eventually("cluster_state:ok", port, "CLUSTER", "INFO")
        yield Cluster(servers)
