"""A package of somebody else adds a kind of map."""

import os
import shutil
import signal
import tomllib
from pathlib import Path

import pytest

from tests.io_trio.dialects import Account, Imap4
from tests.io_trio.proxy import Proxy, run
from tests.io_trio.talk import RealServer, call

PROJECT = Path(__file__).parent / "third_party"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install the package for child processes as an installer does: the modules, and metadata with entry points."""
    site = tmp_path / "site"
    shutil.copytree(PROJECT / "perdition_map_csv", site / "perdition_map_csv")
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    metadata = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    (metadata / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
            for group, entries in project["entry-points"].items()
        )
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH")))))
    return site


def options(popmap: Path) -> list[str]:
    listening = "--protocol IMAP4 --bind_address 127.0.0.1 --listen_port 0 --no_lookup"
    return [*listening.split(), "--map_library", "csv", "--map_library_opt", str(popmap)]


def test_the_daemon_uses_it(installed: Path, tmp_path: Path) -> None:
    dialect, account = Imap4(), Account()
    popmap = tmp_path / "popmap.csv"
    with RealServer(lambda talk: dialect.serve(talk, account)) as real:
        popmap.write_text(f"joe,127.0.0.1:{real.port}\nann,\n")
        with Proxy(*options(popmap)) as proxy:
            answers = {}
            for name in (b"joe", b"ann", b"bob"):
                with call(proxy.ports[0]) as talk:
                    dialect.hear_greeting(talk)
                    answers[name] = dialect.log_in(talk, name)
            popmap.write_text(f"bob,127.0.0.1:{real.port}\n")
            proxy.process.send_signal(signal.SIGHUP)
            proxy.wait_for("Reloaded the configuration, maps and certificates")
            with call(proxy.ports[0]) as talk:
                dialect.hear_greeting(talk)
                later = dialect.log_in(talk, b"bob")
            popmap.write_text("nonsense\n")
            proxy.process.send_signal(signal.SIGHUP)
            complaint = proxy.wait_for("everything stays as it was")

            assert proxy.end(signal.SIGTERM) == 0

    assert dialect.is_yes(answers[b"joe"])
    assert dialect.is_no(answers[b"ann"])
    assert dialect.is_no(answers[b"bob"])
    assert dialect.is_yes(later)
    assert [name for name, _ in account.seen] == [b"joe", b"bob"]
    assert "expected a server behind the comma" in "\n".join(proxy.lines)
    assert f"csv: {popmap}:1: expected user,server" in complaint


def test_what_cannot_be_opened_is_said_at_the_start(installed: Path, tmp_path: Path) -> None:
    done = run("--log_facility=-", *options(tmp_path / "none"))

    assert done.returncode != 0
    assert f"option map_library_opt: csv: {tmp_path}/none: No such file or directory" in done.stdout + done.stderr


def test_what_cannot_be_loaded_is_said_at_the_start(installed: Path, tmp_path: Path) -> None:
    (installed / "perdition_map_csv" / "__init__.py").write_text("import no_such_module\n")
    done = run("--log_facility=-", *options(tmp_path / "none"))

    assert done.returncode != 0
    assert "entry point perdition_map_csv:open_map cannot be loaded" in done.stdout + done.stderr
    assert "no_such_module" in done.stdout + done.stderr


def test_an_exception_of_it_is_no_answer(installed: Path, tmp_path: Path) -> None:
    """And nobody is sent to a default server."""
    dialect = Imap4()
    module = installed / "perdition_map_csv" / "__init__.py"
    module.write_text(module.read_text().replace("server = self._servers.get(query.key)", "raise KeyError(query.key)"))
    (tmp_path / "popmap.csv").write_text("")
    with (
        Proxy(*options(tmp_path / "popmap.csv"), "--outgoing_server", "127.0.0.1:1") as proxy,
        call(proxy.ports[0]) as talk,
    ):
        dialect.hear_greeting(talk)
        answer = dialect.log_in(talk, b"canary")

        assert proxy.end(signal.SIGTERM) == 0

    assert answer.startswith(b"a NO [UNAVAILABLE]")
    assert "internal error of the map: KeyError" in "\n".join(proxy.lines)


def without_care(installed: Path) -> None:
    """Have it raise at a file that is not UTF-8."""
    module = installed / "perdition_map_csv" / "__init__.py"
    module.write_text(module.read_text().replace(', errors="surrogateescape", newline', ", newline"))


def test_an_exception_of_it_at_sighup_ends_nobody(installed: Path, tmp_path: Path) -> None:
    popmap = tmp_path / "popmap.csv"
    popmap.write_text("joe,127.0.0.1\n")
    without_care(installed)
    with Proxy(*options(popmap)) as proxy:
        popmap.write_bytes(b"\xff\n")
        proxy.process.send_signal(signal.SIGHUP)
        complaint = proxy.wait_for("everything stays as it was")

        assert proxy.end(signal.SIGTERM) == 0

    assert "option map_library_opt: csv: internal error of the map: UnicodeDecodeError" in complaint


def test_an_exception_of_it_at_the_start_is_one_line(installed: Path, tmp_path: Path) -> None:
    without_care(installed)
    (tmp_path / "popmap.csv").write_bytes(b"\xff\n")
    done = run("--log_facility=-", *options(tmp_path / "popmap.csv"))

    assert done.returncode == 1
    assert "option map_library_opt: csv: internal error of the map: UnicodeDecodeError" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
