"""Option check: it says what a start would say, all of it at once, and leaves everything as it is."""

import datetime
import os
import socket
from pathlib import Path
from typing import Final

import pytest
import trustme

from perdition.config.load import examine
from perdition.io_trio.check import Findings, check
from tests.io_trio.certificates import Certificates
from tests.io_trio.proxy import Proxy, run
from tests.io_trio.test_start_up import ARRANGEMENTS, Arrange, Place

QUIET: Final = ("--config_file=", "--no_daemon", "--pid_file=", "--username=root", "--group=root", "--map_library=")


def found(*words: str) -> Findings:
    """Check the options of a command line."""
    config, wrong = examine(["perdition", *QUIET, *words])
    return check(config, wrong)


@pytest.mark.parametrize("arrange", ARRANGEMENTS, ids=lambda function: function.__name__)
def test_it_says_what_the_start_would_say(tmp_path: Path, certificates: Certificates, arrange: Arrange) -> None:
    options, words = arrange(Place(tmp_path, certificates))
    errors = found("--listen_port=0", *options).errors

    assert any(all(word in error for word in words) for error in errors), errors


def test_everything_at_once_each_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    none = tmp_path / "none"
    file.write_text(f"""\
timeout = "soon"
group = "no-such-group"
log_facility = "{none}/log"
map_library = "posix_regex"
map_library_opt = "{none}.re"
further_map = ["sqlite:{none}.sqlite", "gdbmm"]
[[listener]]
protocol = "IMAP4"
listen_port = 0
ssl_mode = "tls_all"
ssl_cert_file = "{none}.crt"
ssl_key_file = "{none}.key"
ssl_ca_chain_file = "{none}.chain"
ssl_dh_params_file = "{none}.dh"
ssl_ca_file = "{none}.ca"
[[listener]]
bind_address = ["192.0.2.1", "no-such-host.invalid:0"]
outgoing_server = "no-such-host.invalid"
pop_capability = "{"x" * 600}"
""")
    done = run("--check", f"--config_file={file}", "--username=no-such-user", f"--pid_file={none}/run/pid")
    lines = [line.removeprefix("perdition-trio: ") for line in done.stderr.splitlines()]

    assert done.returncode == 1
    assert done.stdout == ""
    for begin in (
        f"{file}:1: option timeout: expected an integer",
        f"{file}:5: option map_library_opt: posix_regex: {none}.re: ",
        f"{file}:6: option further_map: sqlite: {none}.sqlite",
        f'{file}:6: option further_map: map_library "gdbmm": unknown kind of map',
        f"{file}:11: [[listener]] 1: option ssl_cert_file: cannot read {none}.crt: ",
        f"{file}:12: [[listener]] 1: option ssl_key_file: cannot read {none}.key: ",
        f"{file}:13: [[listener]] 1: option ssl_ca_chain_file: cannot read {none}.chain: ",
        f"{file}:14: [[listener]] 1: option ssl_dh_params_file: cannot read {none}.dh: ",
        f"{file}:15: [[listener]] 1: option ssl_ca_file: cannot read {none}.ca: ",
        f"{file}:17: [[listener]] 2: options bind_address and listen_port: cannot listen on 192.0.2.1:110: ",
        f"{file}:17: [[listener]] 2: option bind_address: no-such-host.invalid:0: cannot be resolved",
        f"{file}:19: [[listener]] 2: option pop_capability: ",
        'option username: expected a user, not "no-such-user"',
        f"{file}:3: option log_facility: {none}/log: No such file",
        f"option pid_file: {none}/run/pid: No such file",
    ):
        assert sum(line.startswith(begin) for line in lines) == 1, (begin, lines)
    assert any("option outgoing_server: no-such-host.invalid:110: cannot be resolved" in line for line in lines)
    assert len(lines) == len(set(lines))


def test_the_start_has_the_same_words(tmp_path: Path) -> None:
    file = tmp_path / "p.conf"
    file.write_text(f"no_daemon\nlisten_port 0\nmap_library posix_regex\nmap_library_opt {tmp_path}/none.re\n")
    start, checked = run(f"--config_file={file}"), run(f"--config_file={file}", "--check")

    assert start.returncode == checked.returncode == 1
    assert start.stderr == checked.stderr
    assert start.stderr.startswith(f"perdition-trio: {file}:4: option map_library_opt: posix_regex: ")


def test_a_port_that_another_process_has(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        where = f"options bind_address and listen_port: cannot listen on 127.0.0.1:{port}: address already in use"
        words = ("--bind_address=127.0.0.1", f"--listen_port={port}")
        (tmp_path / "ours").write_text(str(os.getpid()))
        (tmp_path / "another").write_text(str(os.getppid()))
        ours = found(*words, f"--pid_file={tmp_path}/ours")
        another = found(*words, f"--pid_file={tmp_path}/another")
        gone = found(*words, f"--pid_file={tmp_path}/none")
        nobodys = found(*words)

    assert [findings.errors for findings in (ours, another, gone, nobodys)] == [[], [where], [where], []]
    assert where in nobodys.warnings


@pytest.mark.parametrize("kind", ["gdbm", "bdb", "cdb"])
def test_a_map_file_that_is_not_there(tmp_path: Path, kind: str) -> None:
    findings = found("--listen_port=0", f"--map_library={kind}", f"--map_library_opt={tmp_path}/none")

    assert findings.errors == []
    assert findings.warnings[0].startswith(f"option map_library_opt: Map {kind} is unavailable: {tmp_path}/none: ")


def test_every_address_that_cannot_be_had_is_named() -> None:
    findings = found("--bind_address=no-such-a.invalid:0,192.0.2.1:0,no-such-b.invalid:0")

    assert [error.split(": ")[1] for error in findings.errors] == [
        "no-such-a.invalid:0",
        "no-such-b.invalid:0",
        "cannot listen on 192.0.2.1:0",
    ]


def test_user_and_group_are_both_named() -> None:
    assert found("--listen_port=0", "--username=no-such-user", "--group=no-such-group").errors == [
        'option username: expected a user, not "no-such-user"',
        'option group: expected a group, not "no-such-group"',
    ]


def test_an_escape_of_query_key_that_means_nothing() -> None:
    [line, *_] = found("--listen_port=0", r"--query_key=\u,\q,\q").warnings

    assert line.startswith(r"option query_key: \q means nothing")


def test_ciphers_that_openssl_has_not(certificates: Certificates) -> None:
    tls = ("--ssl_mode=ssl_all", f"--ssl_cert_file={certificates.cert_file}", f"--ssl_key_file={certificates.key_file}")
    findings = found(
        "--listen_port=0", *tls, "--ssl_listen_ciphers=NONE-SUCH", "--ssl_outgoing_ciphers=NOR-THIS:AES128-SHA"
    )

    assert findings.errors == []
    assert "option ssl_listen_ciphers: OpenSSL has none of NONE-SUCH: its own list holds" in findings.warnings
    assert not any("ssl_outgoing_ciphers" in line for line in findings.warnings)


def test_a_configuration_file_that_is_not_there(tmp_path: Path) -> None:
    config, wrong = examine(["perdition", *QUIET, "--listen_port=0", f"--config_file={tmp_path}/none"])
    findings = check(config, wrong)

    assert findings.errors == []
    assert findings.warnings[0].startswith("option config_file: cannot read ")


def test_beside_a_daemon_that_runs(tmp_path: Path, certificates: Certificates) -> None:
    popmap = tmp_path / "popmap.re"
    popmap.write_text("^joe$: a\n")
    options = ("--config_file=", "--bind_address=127.0.0.1", "--listen_port=0", "--map_library=")
    with Proxy(*options, f"--pid_file={tmp_path}/run/pid") as proxy:
        port = proxy.ports[0]
        file = tmp_path / "p.toml"
        file.write_text(f"""\
pid_file = "{tmp_path}/run/pid"
log_facility = "{tmp_path}/log"
map_library = "posix_regex"
map_library_opt = "{popmap}"
[[listener]]
bind_address = "127.0.0.1:{port}"
ssl_mode = "ssl_listen"
ssl_cert_file = "{certificates.cert_file}"
ssl_key_file = "{certificates.key_file}"
""")
        before = sorted(os.listdir(tmp_path))
        done = run("--check", f"--config_file={file}", f"--pid_file={tmp_path}/run/pid")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"perdition-trio: all is well: {file}; POP3 on 127.0.0.1:{port}; map posix_regex; ")
    assert f"certificate {certificates.cert_file} until " in done.stdout
    assert done.stdout.count("\n") == 1
    assert sorted(os.listdir(tmp_path)) == before


def test_the_name_of_a_file_is_any_octets(tmp_path: Path) -> None:
    file = tmp_path / "caf\udce9.conf"
    file.write_text("no_daemon\nlisten_port 0\nmap_library ''\n")
    done = run(f"--config_file={file}", "--check")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"perdition-trio: all is well: {tmp_path}/caf\\udce9.conf; POP3 on 0.0.0.0:0")


def test_a_part_whose_options_are_wrong_is_left_out(tmp_path: Path) -> None:
    (error,) = found("--ssl_mode=ssl_all", "--ssl_cert_verify_depth=x").errors

    assert error.startswith("option --ssl_cert_verify_depth: expected ")


@pytest.mark.parametrize("name", ["p.conf", "p.toml"])
def test_of_a_file_that_cannot_be_read_to_its_end_nothing_else_is_said(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text('map_library "sqlite\n')
    config, wrong = examine(["perdition.imaps", "-f", str(file)])

    assert check(config, wrong) == Findings(list(wrong))
    assert len(wrong) == 1


def test_warnings_are_no_errors(tmp_path: Path) -> None:
    authority = trustme.CA()
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    leaf = authority.issue_cert("localhost", not_after=past)
    leaf.cert_chain_pems[0].write_to_path(tmp_path / "crt")
    leaf.private_key_pem.write_to_path(tmp_path / "key")
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    done = run(
        "--check",
        "--config_file=",
        "--listen_port=0",
        "--log_facility=+",
        "--ssl_mode=ssl_listen",
        f"--ssl_cert_file={tmp_path}/crt",
        f"--ssl_key_file={tmp_path}/key",
        "--map_library=redis",
        f"--map_library_opt=redis://:secret@127.0.0.1:{closed}/0?key={{key}}",
        "--ssl_listen_compression",
        "--explicit_domain=example.org",
        "--ssl_ca_file=/none",
    )

    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert all(line.startswith("perdition-trio: warning: option ") for line in lines)
    for part in (
        f"ssl_cert_file: {tmp_path}/crt: expired on 2020-01-01",
        "map_library_opt: Map redis is unavailable: ",
        "ssl_listen_compression has no effect",
        "--explicit_domain has no effect without add_domain",
        "--ssl_ca_file has no effect without TLS to real servers (ssl_mode)",
    ):
        assert sum(part in line for line in lines) == 1, (part, lines)
    assert len(lines) == 5
    assert "secret" not in done.stderr + done.stdout
    assert done.stdout.startswith("perdition-trio: all is well: ")


def test_a_key_that_does_not_fit(certificates: Certificates, tmp_path: Path) -> None:
    trustme.CA().issue_cert("localhost").private_key_pem.write_to_path(tmp_path / "key")
    errors = found(
        "--listen_port=0",
        "--ssl_mode=ssl_listen",
        f"--ssl_cert_file={certificates.cert_file}",
        f"--ssl_key_file={tmp_path}/key",
    ).errors

    assert len(errors) == 1
    assert errors[0].startswith(f"option ssl_key_file: {tmp_path}/key: ")


@pytest.mark.parametrize(
    ("option", "why"),
    [
        ("--log_facility={0}", "{0}: Is a directory"),
        ("--log_facility={0}/none/log", "{0}/none/log: No such file or directory"),
        ("--pid_file={0}/a/b/pid", "{0}/a/b/pid: No such file or directory"),
        ("--log_facility={0}/log", ""),
        ("--pid_file={0}/run/pid", ""),
    ],
)
def test_files_to_be_written(tmp_path: Path, option: str, why: str) -> None:
    errors = found("--listen_port=0", option.format(tmp_path)).errors

    assert [error.partition(": ")[2] for error in errors] == ([why.format(tmp_path)] if why else [])
    assert list(tmp_path.iterdir()) == []
