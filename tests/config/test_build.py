"""From given options to Settings."""

import pytest

from perdition.config.build import build, clashes
from perdition.config.command_line import read
from perdition.config.name_states import ALL, AddDomain, NameState
from perdition.config.origin import COMMAND_LINE, DEFAULT, Given, Origin, Source
from perdition.config.settings import Settings
from perdition.config.ssl_mode import SslMode, Tls
from perdition.config.values import FurtherMap, HostPort, Protocol

FILE = Origin(Source.FILE, "/p.conf", 3)


def given(line: str) -> tuple[Given, ...]:
    reading = read(line.split())

    assert reading.errors == ()
    return reading.given


def test_stronger_layers_win_and_origins_tell() -> None:
    settings, errors = build(Settings(), [[Given("timeout", "5", FILE), Given("quiet", True, FILE)], given("-t 7")])

    assert errors == []
    assert (settings.timeout, settings.quiet, settings.debug) == (7, True, False)
    assert settings.origin("timeout") == COMMAND_LINE
    assert settings.origin("quiet") == FILE
    assert settings.origin("debug") == DEFAULT


def test_a_flag_can_be_taken_back() -> None:
    settings, _ = build(Settings(), [given("-B"), [Given("no_bind_banner", False, FILE)]])

    assert settings.no_bind_banner is False


def test_ssl_modes_of_one_place_add_up() -> None:
    settings, errors = build(Settings(), [given("--ssl_mode ssl_listen --ssl_mode tls_outgoing")])

    assert errors == []
    assert settings.ssl_mode == SslMode(Tls.SSL, Tls.TLS)


def test_states_of_one_place_add_up_as_in_perdition_2_2() -> None:
    line = "-S servername_lookup -S remote_login --lower_case all -A all,0 -A 2 --lower_case remote_login"
    settings, errors = build(Settings(), [[Given("strip_domain", "all", FILE)], given(line)])

    assert errors == []
    assert settings.strip_domain == {NameState.SERVERNAME_LOOKUP, NameState.REMOTE_LOGIN}
    assert settings.lower_case == ALL
    assert settings.add_domain == AddDomain(ALL, 2)


def test_further_maps_of_one_place_add_up() -> None:
    file = [Given("further_map", "ldap", FILE)]
    settings, errors = build(Settings(), [file, given("--further_map gdbm:/a,b --further_map sqlite")])

    assert errors == []
    assert settings.further_map == (FurtherMap("gdbm", "/a,b"), FurtherMap("sqlite"))
    assert build(Settings(), [file, [Given("further_map", "", FILE)]])[0].further_map == ()


def test_ssl_mode_of_the_command_line_replaces_that_of_the_file() -> None:
    settings, _ = build(Settings(), [[Given("ssl_mode", "ssl_all", FILE)], given("--ssl_mode tls_listen")])

    assert settings.ssl_mode == SslMode(listen=Tls.TLS)


ERRORS = {
    "-t 5s": ['option --timeout: expected a whole number, 0 to 2147483647, not "5s"'],
    "--pid-file x": ['option --pid_file: expected a file name that begins with /, or nothing, not "x"'],
    "--ssl_mode ssl_listen --ssl_mode tls_all": [
        'option --ssl_mode: expected either ssl or tls for the same side, not both, not "tls_all"'
    ],
    "--ssl_mode tsl --ssl_mode ssl_all": [
        "option --ssl_mode: expected a list of none, ssl_listen, ssl_outgoing, ssl_all, tls_listen, "
        "tls_outgoing, tls_all, tls_listen_force, tls_outgoing_force, tls_all_force, "
        'not "tsl"'
    ],
    "-t x -t 5 -l x": [
        'option --timeout: expected a whole number, 0 to 2147483647, not "x"',
        'option --listen_port: expected a port, 0 to 65535, or the name of a service, not "x"',
    ],
}


@pytest.mark.parametrize(("line", "errors"), ERRORS.items())
def test_errors(line: str, errors: list[str]) -> None:
    assert build(Settings(), [given(line)])[1] == errors


def test_errors_of_a_file_name_its_line() -> None:
    _, errors = build(Settings(), [[Given("protocol", "IMAP", FILE)]])

    assert errors == ['/p.conf:3: option protocol: expected one of POP3, POP3S, IMAP4, IMAP4S, MANAGESIEVE, not "IMAP"']


CLASHES = [
    ([Settings()], []),
    ([Settings(), Settings(protocol=Protocol.IMAP4)], []),
    ([Settings(listen_port=0), Settings(listen_port=0)], []),
    (
        [Settings(), Settings(listen_port=110)],
        ["options bind_address and listen_port: listeners 1 and 2 both listen on all addresses port 110"],
    ),
    (
        [Settings(bind_address=(HostPort("a", 5), HostPort("b"))), Settings(bind_address=(HostPort("b"),))],
        ["options bind_address and listen_port: listeners 1 and 2 both listen on b port 110"],
    ),
    (
        [Settings(bind_address=(HostPort("b\udcc8"),))] * 2,  # an octet of the file that is no UTF-8
        ["options bind_address and listen_port: listeners 1 and 2 both listen on b\\udcc8 port 110"],
    ),
]


@pytest.mark.parametrize(("listeners", "errors"), CLASHES)
def test_clashes(listeners: list[Settings], errors: list[str]) -> None:
    assert clashes(listeners) == errors
