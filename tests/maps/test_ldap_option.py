"""The option string of the ldap map."""

from pathlib import Path
from typing import Any

import attrs
import pytest
import sansldap
import trustme
from hypothesis import given
from hypothesis import strategies as st

from perdition.maps import MapError
from perdition.maps._ldap_option import LdapOption, Template, escaped, read_option
from perdition.maps.ldap import DEFAULT, open_map

PLAIN = LdapOption(
    scheme="ldap",
    hosts=("localhost",),
    base=Template((b"dc=x",)),
    attributes=("username", "mailhost", "port"),
    scope=0,
    filter=Template((b"(uid=", 0, b")")),
)

GOOD: dict[str, dict[str, Any]] = {
    "ldap:///dc=x": {},
    "2:ldap:///dc=x": {},
    "3:LDAP:///dc=x????": {},
    "ldaps://one:1636 two/dc=x": {"scheme": "ldaps", "hosts": ("one:1636", "two")},
    "ldap:///dc=x????!x-starttls,unknown=1": {"starttls": True},
    "ldapi://%2Frun%2Fldapi/dc=x": {"scheme": "ldapi", "hosts": ("/run/ldapi",)},
    "ldap:///ou=a%20b,dc=x": {"base": Template((b"ou=a b,dc=x",))},
    "ldap:///uid=%s,dc=x?server": {"base": Template((b"uid=", 0, b",dc=x")), "attributes": ("server",)},
    "ldap:///dc=x?a,b,c?one": {"attributes": ("a", "b", "c"), "scope": 1},
    "ldap:///dc=x??SUB?(%28uid=%s%29": {"scope": 2, "filter": Template((b"((uid=", 0, b")"))},
    "ldap:///dc=x??onelevel": {"scope": 1},
    "ldap:///dc=x??subtree": {"scope": 2},
    "<ldap:///dc=x>": {},
    "URL:ldap:///dc=x": {},
    "3:<url:ldap:///dc=x??one>": {"scope": 1},
    "ldap:///dc=x???(&(a=%8s)(b=%s))": {"filter": Template((b"(&(a=", 8, b")(b=", 0, b"))"))},
    "ldap:///dc=x????BINDNAME=cn=p%2Cdc=x,!X-BINDPW=a%3Fb": {"bind_name": "cn=p,dc=x", "bind_password": "a?b"},
}


@pytest.mark.parametrize("option", GOOD)
def test_good(option: str) -> None:
    read = read_option(option)

    assert attrs.evolve(read, tls=None) == attrs.evolve(PLAIN, **GOOD[option])
    assert (read.tls is not None) is (read.starttls or read.scheme == "ldaps")


def test_the_ca_certificates_are_read_once(tmp_path: Path) -> None:
    """They were read for each connection, on the loop, and a wrong X-CAFILE was found at the first lookup."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    (tmp_path / "none").write_text("nothing")
    good = read_option(f"ldaps:///dc=x????X-CAFILE={tmp_path}/ca.pem")

    assert good.tls is not None
    assert good.tls.cert_store_stats()["x509_ca"] == 1
    for wrong in ("none", "missing"):
        with pytest.raises(MapError, match=f"X-CAFILE {tmp_path}/{wrong}: "):
            open_map(f"ldap:///dc=x????X-STARTTLS,X-CAFILE={tmp_path}/{wrong}")


def test_ca_certificates_without_tls_are_an_error() -> None:
    with pytest.raises(MapError, match="X-CAFILE: expected ldaps:// or X-STARTTLS"):
        read_option("ldap:///dc=x????X-CAFILE=/ca.pem")


def test_the_default_is_that_of_perdition_2_2() -> None:
    option = read_option(DEFAULT)

    assert option == attrs.evolve(PLAIN, base=Template((b"ou=mailbox,dc=nodomain",)), scope=1)


BAD = {
    "": "expected .VERSION:.URL",
    "localhost": "expected .VERSION:.URL",
    "ldap:///dc=x??children": "scope: expected base, one or sub",
    "<ldap:///dc=x": "expected .VERSION:.URL",
    "4:ldap:///": "expected .VERSION:.URL",
    "http://x/": "expected .VERSION:.URL",
    "ldap:///dc=x??three": "scope: expected base, one or sub",
    "ldap:///dc=x?????": "expected no more than base",
    "ldap://%s/dc=x": "expected %s in the base or the filter only",
    "ldap:///dc=x?%s": "expected %s in the base or the filter only",
    "ldap:///dc=x????!canary=1": "expected one of BINDNAME, X-BINDPW",
    "ldap:///dc=x????X-BINDPWFILE=/no/such": "X-BINDPWFILE /no/such: cannot be read: No such file",
    "ldaps:///dc=x????X-STARTTLS": "X-STARTTLS: expected ldap://",
    "ldap:///dc=x???(uid=%s": "filter: expected one of RFC 4515",
}


@pytest.mark.parametrize("option", BAD)
def test_bad(option: str) -> None:
    with pytest.raises(MapError, match=f"^{BAD[option]}"):
        open_map(option)


def test_no_error_shows_a_password() -> None:
    with pytest.raises(MapError) as caught:
        open_map("ldap:///dc=x????X-BINDPW=canary,!other=canary")

    assert "canary" not in str(caught.value)
    assert "canary" not in repr(read_option("ldap:///dc=x????X-BINDPW=canary"))


def test_the_password_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("p\u00e4ss word\nmore\n")

    assert read_option(f"ldap:///dc=x????X-BINDPWFILE={file}").bind_password == "p\u00e4ss word"


def test_the_key_is_right_justified() -> None:
    assert Template((b"(a=", 5, b")")).fill(b"joe") == r"(a=\20\20joe)"
    assert Template((b"(a=", 2, b")")).fill(b"joe") == "(a=joe)"


@given(st.binary(min_size=1))
def test_whatever_the_key_is_the_filter_compares_with_it_and_nothing_else(key: bytes) -> None:
    text = read_option("ldap:///dc=x???(%26(mail=%s)(active=1))").filter.fill(key)
    found = sansldap.LDAPFilter.from_string(text)

    assert found == sansldap.FilterAnd([sansldap.FilterEquality("mail", key), sansldap.FilterEquality("active", b"1")])


@given(st.binary())
def test_nothing_of_a_key_is_syntax_of_a_name(key: bytes) -> None:
    assert not set(escaped(key)) & set(b',+"<>;=# ')
    assert escaped(key).count(b"\\") * 2 + len(key) == len(escaped(key))
