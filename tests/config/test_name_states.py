"""The grammar of STATES (perdition 1.3)."""

import pytest

from perdition.config.name_states import ALL, AddDomain, NameState, add_domain, name_states, query_key

LOOKUP, LOCAL, REMOTE = NameState.SERVERNAME_LOOKUP, NameState.LOCAL_AUTHENTICATION, NameState.REMOTE_LOGIN


@pytest.mark.parametrize(
    ("value", "states"),
    [
        ("", frozenset()),
        ("servername_lookup", {LOOKUP}),
        ("server_lookup", {LOOKUP}),
        ("local_authentication", {LOCAL}),
        ("LOCAL_AUTH,Remote_Login", {LOCAL, REMOTE}),
        ("remote_login,remote_login", {REMOTE}),
        ("all", ALL),
    ],
)
def test_states(value: str, states: frozenset[NameState]) -> None:
    assert name_states(value) == states


@pytest.mark.parametrize("value", ["nowhere", "all,nowhere", "1", ",", "all,"])
def test_unknown_states_are_refused(value: str) -> None:
    with pytest.raises(ValueError, match="a list of servername_lookup, "):
        name_states(value)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("", AddDomain()),
        ("all", AddDomain(ALL, 1)),
        ("all,0", AddDomain(ALL, 0)),
        ("2,remote_login", AddDomain(frozenset({REMOTE}), 2)),
        ("2", AddDomain(frozenset(), 2)),
    ],
)
def test_add_domain_may_have_a_depth(value: str, wanted: AddDomain) -> None:
    assert add_domain(value) == wanted


@pytest.mark.parametrize("value", ["all,-1", "all,1000", "all,1x", "all,"])
def test_bad_depths_are_refused(value: str) -> None:
    with pytest.raises(ValueError, match="perhaps a number of labels"):
        add_domain(value)


@pytest.mark.parametrize(
    ("value", "formats"), [("", ()), ("\\U", ("\\U",)), ("\\u,\\D\\d", ("\\u", "\\D\\d")), (",\\U", ("", "\\U"))]
)
def test_query_key(value: str, formats: tuple[str, ...]) -> None:
    assert query_key(value) == formats
