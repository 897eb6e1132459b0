"""From values back to texts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.config.option import Option, Takes
from perdition.config.settings import OPTIONS
from perdition.config.text import as_text
from perdition.config.values import HostPort
from tests.strategies.configuration import IN_A_FILE, text_of

WITH_A_VALUE = [row for row in IN_A_FILE if row.takes is not Takes.FLAG]


@given(data=st.data())
@pytest.mark.parametrize("row", WITH_A_VALUE, ids=lambda row: row.name)
def test_the_text_of_a_value_gives_the_value(row: Option, data: st.DataObject) -> None:
    value = row.parse(data.draw(text_of(row)))

    assert row.parse(as_text(value)) == value


TEXTS = {
    ("add_domain", "all,2"): "all,2",
    ("add_domain", "2"): "2",
    ("add_domain", "server_lookup,1"): "servername_lookup",
    ("lower_case", "remote_login,local_auth"): "local_authentication,remote_login",
    ("ssl_mode", "none"): "none",
    ("ssl_mode", "tls_listen_force"): "tls_listen_force",
    ("ssl_mode", "TLS_ALL_FORCE"): "tls_all_force",
    ("ssl_mode", "tls_outgoing,ssl_listen"): "ssl_listen,tls_outgoing",
    ("bind_address", "[::1]:143, localhost"): "[::1]:143,localhost",
    ("outgoing_server", "joe@a:imap"): "a:imap",
    ("further_map", "sqlite:/a\ngdbm"): "sqlite:/a\ngdbm",
    ("log_passwd", "FAIL"): "fail",
    ("ssl_ca_file", ""): "",
}


@pytest.mark.parametrize(("given", "text"), TEXTS.items())
def test_texts(given: tuple[str, str], text: str) -> None:
    name, value = given

    assert as_text(OPTIONS[name].parse(value)) == text


@pytest.mark.parametrize("value", [True, 5.0, (5,), (HostPort("a"), None)])
def test_no_value_of_an_option(value: Any) -> None:
    with pytest.raises(TypeError):
        as_text(value)
