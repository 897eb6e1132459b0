"""User names: what the map is asked for, what the real server and the log are told (reference 4).

All 76 rows of the reference are in spec/user_names.toml; here is what shows that both programs agree.
"""

from typing import Final

from tests.compat.case import Case, Popmap, log_in, plain


def case(case_id: str, title: str, user: str, *options: str, answer: str = "", **more: object) -> Case:
    """Give a case with a map that tells which keys it was asked for."""
    return Case(
        id=f"names-{case_id}",
        title=title,
        options=options,
        client=(*log_in("POP3", user=user), "QUIT"),
        popmap=Popmap("daemon", answer),
        **{"server": "", **more},  # type: ignore[arg-type]
    )


def sieve(case_id: str, title: str, *parts: str, options: tuple[str, ...] = (), answer: str = "") -> Case:
    """Give the same with an authzid."""
    return Case(
        id=f"names-{case_id}",
        title=title,
        protocol="MANAGESIEVE",
        options=options,
        client=(f'AUTHENTICATE "PLAIN" "{plain(*parts)}"', "LOGOUT"),
        popmap=Popmap("daemon", answer),
        server="",
    )


CASES: Final = (
    case("plain", "no options", "Joe@Ex.com"),
    case("strip-remote", "strip_domain remote_login", "Joe@Ex.com", "-S", "remote_login"),
    case("strip-lookup", "strip_domain: the last delimiter counts", "a@b@c.com", "-S", "servername_lookup"),
    case("strip-all-delimiter", "a delimiter of two characters", "joe%%ex.com", "-S", "all", "-D", "%%"),
    case("strip-states-case", "states in upper case, the short names", "joe@ex.com", "-S",
         "SERVER_LOOKUP,remote_login"),
    case("add", "add_domain with explicit_domain", "joe", "-A", "all", "-e", "ex.com"),
    case("add-has-one", "add_domain: the name has a domain", "joe@other", "-A", "all", "-e", "ex.com"),
    case("lower", "lower_case", "Joe@Ex.com", "--lower_case", "all"),
    case("lower-octets", "lower_case leaves 8-bit octets alone", "J\xd6E", "--lower_case", "all"),
    case("all-three", "strip, add and lower together", "Joe@Other",
         "-S", "all", "-A", "all", "-e", "DOM.org", "--lower_case", "all"),
    case("named", "client_server_specification", "joe@127.0.0.1:{real}", "-c"),
    case("named-lower", "client_server_specification with lower_case", "Joe@127.0.0.1:{real}",
         "-c", "--lower_case", "servername_lookup"),
    case("named-none", "client_server_specification: no server is named", "joe", "-c"),
    case("from-database", "username_from_database", "joe", "-U", answer="alice"),
    case("from-database-mangled", "username_from_database, then remote_login", "joe@x",
         "-U", "-S", "remote_login", "--lower_case", "remote_login", answer="Alice@Q"),
    case("from-database-not", "a user in the map without username_from_database", "joe", answer="alice"),
    case("strip-twice", "strip_domain again: the states add up", "joe@x",
         "-S", "servername_lookup", "-S", "remote_login"),
    case("lower-twice", "lower_case again", "JOE@X",
         "--lower_case", "servername_lookup", "--lower_case", "remote_login"),
    case("add-twice", "add_domain again", "joe", "-A", "servername_lookup", "-A", "remote_login", "-e", "d"),
    case("add-depth-again", "add_domain again with a depth alone", "joe", "-A", "all,0", "-A", "2", "-e", "d"),
    case("add-depth-kept", "add_domain again without a depth", "joe", "-A", "remote_login,0", "-A", "all"),
    case("strip-lines", "strip_domain in two lines", "joe@x",
         conf="strip_domain servername_lookup\nstrip_domain remote_login\n"),
    case("lower-lines", "lower_case in two lines", "JOE@X",
         conf="lower_case servername_lookup\nlower_case remote_login\n"),
    case("add-lines", "add_domain in two lines", "joe",
         conf="explicit_domain d\nadd_domain servername_lookup\nadd_domain remote_login\n", bind=False),
    case("strip-over-file", "strip_domain on the command line and in the file", "joe@x", "-S", "remote_login",
         conf="strip_domain servername_lookup\n"),
    case("lower-over-file", "lower_case on the command line and in the file", "JOE@X", "--lower_case", "remote_login",
         conf="lower_case servername_lookup\n"),
    case("add-over-file", "add_domain on the command line and in the file", "joe", "-A", "remote_login",
         conf="add_domain servername_lookup\nexplicit_domain d\n", bind=False),
    case("domain-alone", "strip_domain leaves nothing of a name", "@c.com", "-S", "all"),
    case("from-database-empty", "username_from_database, and the map's user is empty", "joe@x", "-U"),
    case("key-parts", "query_key: all escapes of a name", "Joe@Ex.com", "--query_key", r"\u|\D|\d|\U|\\"),
    case("key-no-domain", "query_key: a name without domain", "joe", "--query_key", r"\u|\d|\U"),
    case("key-unknown-behind", "query_key: an escape that means nothing, behind another key", "joe@d",
         "--query_key", r"\u,\q", server="127.0.0.1:{real}"),
    case("key-two-characters", r"query_key \d with a delimiter of two characters", "joe%%ex.com",
         "--query_key", r"\d", "-D", "%%"),
    case("key-address", "query_key: addresses", "joe", "--query_key", r"\i \I \P"),
    case("key-constant", "query_key: a constant", "joe", "--query_key", "default"),
    case("key-unknown", "query_key: an unknown escape", "joe", "--query_key", r"\x,\U", server="127.0.0.1:{real}"),
    case("empty-delimiter", "an empty domain_delimiter", "joe@x", "-D", ""),
    sieve("authzid", "the authzid is asked for and changed", "Zed@z", "Joe@Ex.com", "pw",
          options=("-S", "all", "--lower_case", "all")),
    sieve("authzid-database", "username_from_database with an authzid", "Zed@z", "Joe@Ex.com", "pw",
          options=("-U",), answer="alice"),
    Case(id="names-add-address", title="add_domain for an address without a name", options=("-A", "all"),
         client=(*log_in("POP3"), "QUIT"), popmap=Popmap("daemon", ""), server="", host="127.0.0.9", bind=False),
)  # fmt: skip
