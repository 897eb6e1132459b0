"""The ldap map: users and servers in a directory.

perdition option map_library_opt, as in perdition 2.2; this is the default:

    ldap://localhost/ou=mailbox,dc=nodomain?username,mailhost,port?one?(uid=%s)

The attributes of an entry are user, server and port, by position; if it has the first only, that is
`[user<delimiter>]server[:port]`.  `%s` is the key, escaped.  Extensions at the end of the URL: BINDNAME and
X-BINDPW, as in perdition 2.2, and X-BINDPWFILE, X-STARTTLS and X-CAFILE:

    ldap://one.example.com two.example.com/ou=mailbox,dc=example?uid,mailHost??(uid=%s)?BINDNAME=cn=proxy%2Cdc=example,
    X-BINDPWFILE=/etc/perdition/ldap.pw,X-STARTTLS
    ldaps://ldap.example.com/ou=mailbox,dc=example?uid,mailHost?sub?(mail=%s)

The protocol is LDAPv3, also where the option begins with `2:`.
"""

from typing import Final

from perdition.maps._ldap_option import LdapOption, read_option
from perdition.maps._pooled import Connect, Connection, PooledMap
from perdition.maps.contract import MapError

DEFAULT: Final = "ldap://localhost/ou=mailbox,dc=nodomain?username,mailhost,port?one?(uid=%s)"


def open_map(option: str) -> PooledMap:
    """Read the option; the first lookup connects.

    Raises:
        MapError: the option makes no sense, or sansldap is not installed.
    """
    try:
        import sansldap

        from perdition.maps import _ldap_client
    except ImportError:
        raise MapError("expected the package sansldap (pip install 'perdition[ldap]')") from None
    source = read_option(option)
    try:
        sansldap.LDAPFilter.from_string(source.filter.fill(b"x"))
    except ValueError as error:
        raise MapError(f"filter: expected one of RFC 4515: {error}") from None

    def connecting(source: LdapOption) -> Connect:
        async def connect(host: str) -> Connection:
            return await _ldap_client.connect(source, host)

        return connect

    return PooledMap(connecting(source), source.hosts, reread=lambda: connecting(read_option(option)))
