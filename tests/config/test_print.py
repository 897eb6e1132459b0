"""print_config: what is printed gives the same options again."""

import tempfile
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from perdition.config.load import Config, examine, load
from perdition.config.origin import ConfigError
from perdition.config.print import print_config
from perdition.config.settings import Settings
from perdition.config.values import Form
from tests.strategies.configuration import (
    IN_A_FILE,
    OF_A_LISTENER,
    Chosen,
    chosen,
    command_line,
    toml_with_listeners,
)

SUFFIX: Final = {Form.CONF: ".conf", Form.TOML: ".toml"}


def read_file(text: str, form: Form) -> tuple[Config, tuple[str, ...]]:
    with tempfile.NamedTemporaryFile(suffix=SUFFIX[form]) as file:
        file.write(text.encode("utf-8", "surrogateescape"))
        file.flush()
        return examine(["perdition", "-f", file.name])


def options(settings: Settings) -> dict[str, Any]:
    return {row.name: getattr(settings, row.name) for row in IN_A_FILE}


def assert_printed_says_the_same(config: Config, form: Form) -> None:
    text, hidden = print_config(config, form, secrets=True)
    read, errors = read_file(text, form)

    assert hidden == ()
    assert errors == ()
    assert list(map(options, read.listeners)) == list(map(options, config.listeners))
    assert options(read.common) == options(config.common)


@given(some=chosen())
def test_perdition_conf_says_the_same(some: Chosen) -> None:
    without = {name: text if name == "further_map" else text.replace("\n", "") for name, text in some.items()}
    config, errors = examine(["perdition", "-f", "", *command_line(without)])
    assume(not errors)

    assert_printed_says_the_same(config, Form.CONF)


@given(some=chosen())
def test_toml_says_the_same(some: Chosen) -> None:
    config, errors = examine(["perdition", "-f", "", *command_line(some)])
    assume(not errors)

    assert_printed_says_the_same(config, Form.TOML)


@given(top=chosen(), tables=st.lists(chosen(OF_A_LISTENER), min_size=1, max_size=3))
def test_listeners_say_the_same(top: Chosen, tables: list[Chosen]) -> None:
    config, errors = read_file(toml_with_listeners(top, tables), Form.TOML)
    assume(not errors)

    assert_printed_says_the_same(config, Form.TOML)


EXAMPLE: Final = """\
map_library mysql
map_library_opt "db::db:table:user:secret"
timeout 5
quiet
query_key '\\u\\Dexample.org,\\U'
further_map sqlite:/etc/a.sqlite
further_map ldap:ldap://h/x?y???bindname=z,X-BINDPW=secret
"""


def example(tmp_path: Path, *words: str) -> tuple[str, Config]:
    file = tmp_path / "p.conf"
    file.write_text(EXAMPLE)
    return str(file), load(["perdition.imaps", "-f", str(file), *words])


def lines_of(text: str) -> list[str]:
    """Give the lines with one blank where there are many."""
    return [" ".join(line.split()) for line in text.splitlines()]


def test_each_line_tells_where_it_came_from(tmp_path: Path) -> None:
    name, config = example(tmp_path, "-t6", "-b", "127.0.0.1")
    text, _ = print_config(config, Form.AS_READ, secrets=True)

    lines = lines_of(text)
    for line in (
        f"# The file that was read: {name}",
        "protocol IMAP4S # the program's name",
        "bind_address 127.0.0.1 # command line",
        "#listen_port 993 # default",
        "timeout 6 # command line",
        f"quiet # {name}:4",
        "#debug # default",
        "#explicit_domain (none) # default",
        f"query_key '\\u\\Dexample.org,\\U' # {name}:5",
        "#pid_file /var/run/perdition.imaps/perdition.imaps.pid # the program's name",
        "#ssl_mode ssl_all # default",
        "#imap_capability IMAP4 IMAP4REV1 # default",
        f"map_library_opt db::db:table:user:secret # {name}:2",
        f"further_map sqlite:/etc/a.sqlite # {name}:7",
        f"further_map 'ldap:ldap://h/x?y???bindname=z,X-BINDPW=secret' # {name}:7",
        "# Listening",
    ):
        assert line in lines
    assert not any(line.startswith(("check", "#check", "help", "#help", "#config_file")) for line in lines)


def test_what_may_hold_passwords_is_hidden(tmp_path: Path) -> None:
    name, config = example(tmp_path)
    for form in Form:
        text, hidden = print_config(config, form, secrets=False)

        assert "secret" not in text
        assert hidden == ("map_library_opt", "further_map")
        assert f"#map_library_opt (hidden) # {name}:2" in lines_of(text)


@pytest.mark.parametrize(
    ("option", "shown"),
    [
        ("/etc/perdition/popmap.re", True),
        ("/var/run/perdition.db:1:5", True),
        ("/a b", False),
        ("/run/db.sock::db:table:user:secret", False),
        ("redis://:secret@h", False),
        ("db", False),
        ("/a\n", False),
    ],
)
def test_the_name_of_a_file_is_no_secret(option: str, shown: bool) -> None:
    config = load(["perdition", "-f", "", "-m", option])
    text, hidden = print_config(config, Form.TOML, secrets=False)

    assert (hidden == ()) is shown
    assert ("map_library_opt (hidden)" not in text) is shown


TOML: Final = """
timeout = 5
no_bind_banner = true
[[listener]]
protocol = "IMAP4"
no_bind_banner = false
ssl_mode = ["tls_listen", "ssl_outgoing"]
[[listener]]
listen_port = 1110
timeout = 1800
"""


def test_several_listeners(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_text(TOML)
    config = load(["perdition", "-f", str(file), "-q"])
    text, _ = print_config(config, Form.AS_READ, secrets=True)
    top, first, second = text.split("\n[[listener]]\n")

    assert {f"timeout = 5 # {file}:2", "quiet = true # command line", "#debug = false # default"} <= set(lines_of(top))
    assert lines_of(first) == [
        f'protocol = "IMAP4" # {file}:5: [[listener]] 1',
        f"no_bind_banner = false # {file}:6: [[listener]] 1",
        f'ssl_mode = ["tls_listen", "ssl_outgoing"] # {file}:7: [[listener]] 1',
    ]
    assert lines_of(second) == [
        f"listen_port = 1110 # {file}:9: [[listener]] 2",
        f"timeout = 1800 # {file}:10: [[listener]] 2",
    ]
    with pytest.raises(ConfigError, match="expected toml for several listeners"):
        print_config(config, Form.CONF, secrets=True)


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        (Form.TOML, "caf\udce9", "UTF-8, for TOML"),
        (Form.CONF, "a\nb", "no line end and no NUL octet, for perdition.conf"),
    ],
)
def test_what_a_form_cannot_say(form: Form, value: str, expected: str) -> None:
    config = load(["perdition", "-f", "", "-e", value])

    with pytest.raises(ConfigError, match=f"option explicit_domain: expected {expected}"):
        print_config(config, form, secrets=True)
    for other in {Form.CONF, Form.TOML} - {form}:
        assert_printed_says_the_same(config, other)


def test_the_name_of_a_file_breaks_no_line(tmp_path: Path) -> None:
    file = tmp_path / "a\n\\"
    file.write_text("timeout 5\n")
    config = load(["x\ny", "-f", str(file)])

    for form in (Form.CONF, Form.TOML):
        text, _ = print_config(config, form, secrets=True)
        read, errors = read_file(text, form)

        assert errors == ()
        assert read.common.timeout == 5
