"""Starting with something wrong: one line on standard error, a status that is not 0, and nothing half-started."""

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from perdition.config.values import MAX_NUMBER
from tests.io_trio.certificates import Certificates
from tests.io_trio.proxy import run
from tests.ports import free_port


@attrs.frozen
class Place:
    """A folder of one test, and what lies ready for it."""

    folder: Path
    certificates: Certificates

    def file(self, name: str, text: str = "") -> Path:
        file = self.folder / name
        file.write_text(text)
        return file


Arrange = Callable[[Place], tuple[tuple[str, ...], tuple[str, ...]]]
"""Makes options, and the words that the one line must have."""


def tls(certificate: object, key: object) -> tuple[str, ...]:
    return ("--ssl_mode=ssl_listen", f"--ssl_cert_file={certificate}", f"--ssl_key_file={key}")


def missing_certificate(place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
    file = place.folder / "none.pem"
    return tls(file, place.certificates.key_file), ("ssl_cert_file", str(file), "No such file")


def default_certificate(place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return ("--protocol=IMAP4S",), ("ssl_cert_file", "/etc/perdition/perdition.crt.pem", "No such file")


def unreadable_certificate(place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tls(place.folder, place.certificates.key_file), ("ssl_cert_file", str(place.folder), "directory")


def garbage_certificate(place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
    file = place.file("garbage.pem", "not PEM")
    return tls(file, place.certificates.key_file), ("ssl_cert_file", str(file))


def key_of_another(place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
    file = place.folder / "other.pem"
    place.certificates.authority.issue_cert("localhost").private_key_pem.write_to_path(file)
    return tls(place.certificates.cert_file, file), ("ssl_key_file", str(file), str(place.certificates.cert_file))


def missing_ca(place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
    file = place.folder / "none.pem"
    return ("--ssl_mode=ssl_outgoing", f"--ssl_ca_file={file}"), ("ssl_ca_file", str(file), "No such file")


def unknown_option(place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return ("--outgoing_sever=localhost",), ("outgoing_sever", "did you mean", "outgoing_server")


def unknown_option_in_a_file(place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
    file = place.file("perdition.toml", "listen_prt = 110\n")
    return (f"--config_file={file}",), (str(file), "listen_prt", "did you mean", "listen_port")


def missing_map(place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
    file = place.folder / "none.sqlite"
    return ("--map_library=sqlite", f"--map_library_opt={file}"), ("map_library_opt", str(file))


def broken_map(place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
    file = place.file("popmap.re", "^(: host\n")
    return ("--map_library=posix_regex", f"--map_library_opt={file}"), ("map_library_opt", f"{file}:1")


def unknown_map(place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return ("--map_library=sqlit",), ("map_library", "sqlit", "did you mean sqlite")


def out_of_range(place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
    value = str(MAX_NUMBER + 1)
    return (f"--connection_limit={value}",), ("connection_limit", value, "0 to")


def bad_toml(place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
    file = place.file("perdition.toml", "protocol = \n")
    return (f"--config_file={file}",), (str(file), "line 1")


def unknown_facility(place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return ("--log_facility=mial",), ("log_facility", "mial")


def log_in_no_folder(place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
    file = place.folder / "none" / "log"
    return (f"--log_facility={file}",), ("log_facility", str(file), "No such file")


def host_that_is_none(place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return ("--bind_address=no-such-host.invalid",), ("bind_address", "no-such-host.invalid", "cannot be resolved")


def address_of_another(place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return ("--bind_address=192.0.2.1",), ("bind_address", "192.0.2.1", "cannot assign")


ARRANGEMENTS: tuple[Arrange, ...] = (
    missing_certificate,
    default_certificate,
    unreadable_certificate,
    garbage_certificate,
    key_of_another,
    missing_ca,
    unknown_option,
    unknown_option_in_a_file,
    missing_map,
    broken_map,
    unknown_map,
    out_of_range,
    bad_toml,
    unknown_facility,
    log_in_no_folder,
    host_that_is_none,
    address_of_another,
)


@pytest.mark.parametrize("arrange", ARRANGEMENTS, ids=lambda function: function.__name__)
def test_one_line_names_the_option_and_the_value(tmp_path: Path, certificates: Certificates, arrange: Arrange) -> None:
    options, words = arrange(Place(tmp_path, certificates))
    done = run("--listen_port=0", *options)

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert all(word in done.stderr for word in ("perdition-trio: ", *words)), done.stderr


def test_a_port_in_use_and_no_listener_stays_behind(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        free, used = free_port(), other.getsockname()[1]
        done = run(f"--bind_address=127.0.0.1:{free},127.0.0.1:{used}")

        assert done.returncode == 1
        assert done.stderr == (
            "perdition-trio: options bind_address and listen_port: "
            f"cannot listen on 127.0.0.1:{used}: address already in use\n"
        )
        with socket.socket() as sock:
            assert sock.connect_ex(("127.0.0.1", free)) != 0


def test_a_configuration_file_that_is_not_there_is_said_and_left_out(tmp_path: Path) -> None:
    file, log = tmp_path / "none.conf", tmp_path / "log"
    done = run(f"--config_file={file}", f"--log_facility={log}", "--inetd_mode", "--map_library=")
    line = f'option config_file: cannot read "{file}": No such file or directory; going on without'

    assert done.stderr == f"perdition-trio: {line}\n"
    assert line in logged(log)


def logged(path: Path) -> list[str]:
    return [line.partition("]: ")[2] for line in path.read_text().splitlines()]


def test_a_log_file_has_it_too(tmp_path: Path) -> None:
    """At boot nobody reads standard error."""
    log = tmp_path / "log"
    with socket.create_server(("127.0.0.1", 0)) as other:
        used = other.getsockname()[1]
        done = run(f"--bind_address=127.0.0.1:{used}", f"--log_facility={log}", "--map_library=")

    assert done.stderr.count("\n") == 1
    assert logged(log) == [done.stderr.removeprefix("perdition-trio: ").rstrip("\n")]


def test_options_that_are_wrong_are_in_the_log_too(tmp_path: Path) -> None:
    log = tmp_path / "log"
    run("--timeout=soon", f"--log_facility={log}", "--protocol=SMTP")

    assert len(logged(log)) == 2


@pytest.mark.parametrize("mode", ["--no_daemon", "--debug"])
def test_a_pid_file_of_another_is_in_the_log_too(tmp_path: Path, mode: str) -> None:
    log, pid_file = tmp_path / "log", tmp_path / "pid"
    pid_file.write_text(str(os.getpid()))
    done = run("--listen_port=0", mode, f"--log_facility={log}", f"--pid_file={pid_file}", "--map_library=")
    line = f"Pid file [{pid_file}] exists for process [{os.getpid()}] which appears to be running, exiting"

    assert (done.returncode, done.stderr) == (1, f"perdition-trio: {line}\n")
    assert [text for text in logged(log) if text.startswith("Pid file")] == [line]


def test_a_log_on_standard_error_has_it_once() -> None:
    done = run("--timeout=soon", "--log_facility=+")

    assert done.stderr.count("\n") == 1


def test_every_error_has_its_line() -> None:
    done = run("--timeout=soon", "--protocl=POP3", "--listen_port=99999")

    assert done.returncode == 1
    assert [line.count(": ") > 0 for line in done.stderr.splitlines()] == [True] * 3


def test_help_and_version_need_nothing() -> None:
    usage, version = run("--help", "--config_file=/none"), run("--version")

    assert (usage.returncode, usage.stderr) == (0, "")
    assert "--outgoing_server" in usage.stdout
    assert (version.returncode, version.stderr) == (0, "")
    assert version.stdout.startswith("perdition ")


def test_the_name_of_the_command_is_in_front_of_the_line(tmp_path: Path) -> None:
    done = run("--timeout=soon")

    assert done.stderr.startswith("perdition-trio: ")
    assert shutil.which("perdition-trio") is None or done.returncode == 1


def test_octets_that_are_no_utf_8_are_no_reason_to_fall_over(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        used = other.getsockname()[1]
        done = run("--ok_line=caf\udce9", "--domain_delimiter=\udcff", f"--bind_address=127.0.0.1:{used}")

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
