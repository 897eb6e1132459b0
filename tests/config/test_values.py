"""The parsers of single values."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.config import values
from perdition.config.values import FurtherMap, HostPort, Protocol

GOOD: list[tuple[Callable[[str], object], str, object]] = [
    (values.text, "-x y", "-x y"),
    (values.file_name, "", None),
    (values.file_name, "/a", "/a"),
    (values.line_text, "You äre so in", "You äre so in"),
    (values.pid_file, "", ""),
    (values.pid_file, "/run/p.pid", "/run/p.pid"),
    (values.log_facility, "-", "-"),
    (values.log_facility, "-anything", "-anything"),
    (values.log_facility, "+", "+"),
    (values.log_facility, "/var/log/p", "/var/log/p"),
    (values.log_facility, "local3", "local3"),
    (values.number, "0", 0),
    (values.number, "", 0),
    (values.number, "010", 10),
    (values.number, "2147483647", 2147483647),
    (values.positive, "1", 1),
    (values.account, "nobody", "nobody"),
    (values.account, "65534", "65534"),
    (values.ciphers, "", None),
    (values.ciphers, "HIGH:!aNULL", "HIGH:!aNULL"),
    (values.log_passwd, "Fail", values.LogPasswd.FAIL),
    (values.positive, "2147483647", 2147483647),
    (values.workers, "1", 1),
    (values.workers, "120", 120),
    (values.further_maps, "", ()),
    (values.further_maps, "gdbm", (FurtherMap("gdbm"),)),
    (values.further_maps, "ldap:3:ldap://a,b/?x", (FurtherMap("ldap", "3:ldap://a,b/?x"),)),
    (values.further_maps, "a:\nb:c", (FurtherMap("a", ""), FurtherMap("b", "c"))),
    (values.listen_port, "0", 0),
    (values.listen_port, "65535", 65535),
    (values.listen_port, "imaps", 993),
    (values.listen_port, "imap2", 143),
    (values.listen_port, "smtp", 25),
    (values.server_port, "1", 1),
    (values.server_port, "sieve", 4190),
    (values.protocol, "imap4s", Protocol.IMAP4S),
    (values.protocol, "ManageSieve", Protocol.MANAGESIEVE),
    (values.bind_addresses, "", ()),
    (values.bind_addresses, "127.0.0.1", (HostPort("127.0.0.1"),)),
    (values.bind_addresses, "a:0, b:imap", (HostPort("a", 0), HostPort("b", 143))),
    (values.bind_addresses, "[::1]:110,[::]", (HostPort("::1", 110), HostPort("::"))),
    (values.bind_addresses, "::1:143", (HostPort("::1", 143),)),
    (values.servers, "joe@imap.example.com:1143", (HostPort("imap.example.com", 1143),)),
    (values.servers, "a@b@c", (HostPort("c"),)),
]


@pytest.mark.parametrize(("parse", "text", "value"), GOOD)
def test_good(parse: Callable[[str], object], text: str, value: object) -> None:
    assert parse(text) == value


HOSTS = r"a list of host\[:port\] or \[IPv6 address\]\[:port\] with commas between"
BAD: list[tuple[Callable[[str], object], str, str]] = [
    (values.line_text, "a\r\nb", "a text without control characters"),
    (values.pid_file, "p.pid", "a file name that begins with /, or nothing"),
    (values.log_facility, "", "-, .*, or a syslog facility such as mail or local3"),
    (values.log_facility, "local8", "-, .*, or a syslog facility such as mail or local3"),
    (values.number, "-5", "a whole number, 0 to 2147483647"),
    (values.number, "5s", "a whole number, 0 to 2147483647"),
    (values.number, "+5", "a whole number, 0 to 2147483647"),
    (values.number, "٣", "a whole number, 0 to 2147483647"),
    (values.number, "2147483648", "a whole number, 0 to 2147483647"),
    (values.number, "9" * 5000, "a whole number, 0 to 2147483647"),
    (values.account, "", "a name or a number"),
    (values.account, "a\nb", "a name or a number"),
    (values.ciphers, "a\n", "a list of ciphers in OpenSSL's words"),
    (values.ciphers, "\xe4", "a list of ciphers in OpenSSL's words"),
    (values.log_passwd, "", "never, fail, ok or always"),
    (values.positive, "", "a whole number, 1 to 2147483647"),
    (values.positive, "0", "a whole number, 1 to 2147483647"),
    (values.positive, "2147483648", "a whole number, 1 to 2147483647"),
    (values.workers, "", "a whole number, 1 to 120"),
    (values.workers, "0", "a whole number, 1 to 120"),
    (values.workers, "121", "a whole number, 1 to 120"),
    (values.further_maps, ":x", "the kind of a map, and behind a colon its option string"),
    (values.further_maps, "a\n", "the kind of a map, and behind a colon its option string"),
    (values.listen_port, "", "a port, 0 to 65535, or the name of a service"),
    (values.listen_port, "65536", "a port, 0 to 65535, or the name of a service"),
    (values.listen_port, "no-such-service", "a port, 0 to 65535, or the name of a service"),
    (values.listen_port, "a\0", "a port, 0 to 65535, or the name of a service"),
    (values.listen_port, "\udcff", "a port, 0 to 65535, or the name of a service"),
    (values.server_port, "0", "a port, 1 to 65535, or the name of a service"),
    (values.protocol, "FOO", "one of POP3, POP3S, IMAP4, IMAP4S, MANAGESIEVE"),
    (values.bind_addresses, "a,,b", HOSTS),
    (values.bind_addresses, ":110", HOSTS),
    (values.bind_addresses, "::1", HOSTS),
    (values.bind_addresses, "fe80::1", HOSTS),
    (values.bind_addresses, "[::1", HOSTS),
    (values.bind_addresses, "[]:1", HOSTS),
    (values.bind_addresses, "[::1]110", HOSTS),
    (values.bind_addresses, "a b", HOSTS),
    (values.bind_addresses, "a\n", HOSTS),
    (values.bind_addresses, "a:", "a port, 0 to 65535, or the name of a service"),
    (values.servers, "user@", HOSTS),
    (values.servers, "a:0", "a port, 1 to 65535, or the name of a service"),
]


@pytest.mark.parametrize(("parse", "text", "expected"), BAD)
def test_bad(parse: Callable[[str], object], text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=f"^{expected}$"):
        parse(text)


hosts = st.from_regex(r"[a-z][a-z0-9-]{0,9}(\.[a-z]{1,5}){0,2}", fullmatch=True) | st.ip_addresses().map(str)
host_ports = st.builds(HostPort, hosts, st.none() | st.integers(0, 65535))


@given(st.lists(host_ports))
def test_host_ports_come_back(servers: list[HostPort]) -> None:
    assert values.bind_addresses(",".join(map(str, servers))) == tuple(servers)


@given(st.text())
def test_any_text_is_a_value_or_a_value_error(text: str) -> None:
    for parse in (values.number, values.listen_port, values.protocol, values.bind_addresses, values.servers):
        try:
            parse(text)
        except ValueError as error:
            assert str(error)  # noqa: PT017 - ours and not one of int(): each has an expectation
            assert "invalid literal" not in str(error)  # noqa: PT017
