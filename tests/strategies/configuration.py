"""Options with values that they take, and files that give them."""

import json
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from hypothesis import strategies as st

from perdition.config import values
from perdition.config.name_states import WORDS as STATES
from perdition.config.name_states import add_domain, name_states, query_key
from perdition.config.option import Option, Scope, Takes
from perdition.config.settings import OPTIONS
from perdition.config.ssl_mode import WORDS as MODES
from perdition.config.ssl_mode import ssl_mode
from perdition.config.tls_versions import TlsVersion, least, most

Chosen: TypeAlias = dict[str, str]
"""Options and their texts; that of a flag is empty."""

TEXT: Final = st.text(
    st.characters(exclude_characters="\0\x7f", exclude_categories=["Cs"]) | st.sampled_from("\"'\\# \t,:=\n"),
    max_size=12,
)
LINE: Final = TEXT.filter(lambda text: not values.CONTROL.search(text))
HOST_LIST: Final = st.lists(
    st.tuples(
        st.sampled_from(["a", "mail.example.org", "192.0.2.1", "[2001:db8::1]", "[::]"]),
        st.sampled_from(["", ":1", ":143", ":imap"]),
    ).map("".join),
    max_size=3,
).map(",".join)
STATE_LIST: Final = st.lists(st.sampled_from(sorted(STATES)), max_size=2).map(",".join)
NUMBERS: Final = st.integers(min_value=1, max_value=values.MAX_NUMBER).map(str)
VERSIONS: Final = st.sampled_from([version.value for version in TlsVersion])
FILES: Final = LINE.map(lambda text: f"/{text}")

TEXTS: Final[Mapping[Callable[..., object], st.SearchStrategy[str]]] = {
    values.protocol: st.sampled_from([protocol.value for protocol in values.Protocol]),
    values.bind_addresses: HOST_LIST,
    values.servers: HOST_LIST | HOST_LIST.map(lambda text: f"joe@{text}" if text else ""),
    values.listen_port: st.sampled_from(["0", "1143", "imap", "65535"]),
    values.server_port: st.sampled_from(["1", "1143", "imap"]),
    values.text: TEXT,
    values.file_name: TEXT,
    values.line_text: LINE,
    values.ciphers: LINE.filter(str.isascii),
    values.number: NUMBERS | st.just("0"),
    values.positive: NUMBERS,
    values.account: LINE.filter(bool),
    values.pid_file: FILES | st.just(""),
    values.log_facility: FILES | st.sampled_from(["-", "+", "mail", "local3"]),
    values.log_passwd: st.sampled_from(["never", "FAIL", "ok", "always"]),
    values.further_maps: st.sampled_from(["", "gdbm", "sqlite:/a b", "ldap:ldap://h/x?y,z", "bdb:", "a\nb:'\"\\"]),
    name_states: STATE_LIST,
    add_domain: STATE_LIST | st.sampled_from(["0", "1", "2", "all,17", "remote_login,1"]),
    query_key: TEXT,
    ssl_mode: st.sampled_from([*MODES, "ssl_listen,tls_outgoing", "none,TLS_ALL_FORCE,tls_listen"]),
    least: VERSIONS,
    most: VERSIONS | st.just(""),
}
GUESSES: Final = ("1", "2", "", "a", "/a", "all")
IN_A_FILE: Final = tuple(row for row in OPTIONS.values() if row.scope is not Scope.START)
OF_A_LISTENER: Final = tuple(row for row in IN_A_FILE if row.scope is Scope.LISTENER)


def text_of(row: Option) -> st.SearchStrategy[str]:
    """Give texts that an option takes."""
    if row.takes is Takes.FLAG:
        return st.just("")
    if row.parse in TEXTS:
        return TEXTS[row.parse]
    return st.sampled_from([text for text in GUESSES if takes(row, text)])  # a grammar that has no row here yet


def takes(row: Option, text: str) -> bool:
    """Tell whether an option takes a text."""
    try:
        row.parse(text)
    except ValueError:
        return False
    return True


def chosen(rows: tuple[Option, ...] = IN_A_FILE) -> st.SearchStrategy[Chosen]:
    """Give some options with values."""
    some = st.lists(st.sampled_from(rows), max_size=8, unique_by=lambda row: row.name)
    return some.flatmap(lambda rows: st.fixed_dictionaries({row.name: text_of(row) for row in rows}))


def command_line(options: Chosen) -> list[str]:
    """Write options as words."""
    words: list[str] = []
    for name, text in options.items():
        parts = text.split("\n") if OPTIONS[name].adds == "\n" else [text]
        flag = OPTIONS[name].takes is Takes.FLAG
        words += [f"--{name}" if flag else f"--{name}={part}" for part in parts]
    return words


def conf(options: Chosen) -> str:
    """Write options as lines of perdition.conf; line ends in values are lost."""
    lines = []
    for name, text in options.items():
        value = text.replace("\n", "").replace("\\", r"\\").replace('"', r"\"")
        lines.append(f"{name}\n" if OPTIONS[name].takes is Takes.FLAG else f'{name} "{value}"\n')
    return "".join(lines)


def toml(options: Chosen) -> str:
    """Write options as lines of TOML."""
    return "".join(f"{name} = {_toml(OPTIONS[name], text)}\n" for name, text in options.items())


def _toml(row: Option, text: str) -> str:
    if row.takes is Takes.FLAG:
        return "true"
    if row.takes is Takes.NUMBER:
        return text
    return json.dumps(text, ensure_ascii=False)


def toml_with_listeners(top: Chosen, tables: list[Chosen]) -> str:
    """Write options for all listeners, and tables of listeners."""
    return toml(top) + "".join(f"[[listener]]\n{toml(table)}" for table in tables)
