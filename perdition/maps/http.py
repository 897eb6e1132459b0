"""The http map: users and servers from an HTTP server.

perdition option map_library_opt is a URL.  Without `{key}` it is a hook for nginx's auth_http, which need not know that
another program asks; with `{key}` the answer is JSON, `{"server": "...", "port": 143, "user": "..."}`:

    http://127.0.0.1:9000/auth
    https://perdition@one.example.com,two.example.com/mailboxes?name={key}#password_file=/etc/perdition/http.pw

Behind `#` stand settings of ours: ca_file, cert_file, key_file; password_file, token_file, header_file; and for a hook
protocol, client_ip, auth_ssl, auth_method, refusal.  A map has no password, so a hook is sent none.
"""

from typing import Final

from perdition.maps._http_option import HttpOption, read_option
from perdition.maps._pooled import Connect, Connection, PooledMap
from perdition.maps._stream import open_stream
from perdition.maps.contract import MapError

LOCAL: Final = "localhost"  # RFC 9110 7.2 wants a host, and a local socket has none


def open_map(option: str) -> PooledMap:
    """Read the option; the first lookup connects.

    Raises:
        MapError: the option makes no sense, or h11 is not installed.
    """
    try:
        import h11  # noqa: F401  # a clear word now, and not at the first lookup
    except ImportError:
        raise MapError("expected the package h11 (pip install 'perdition[http]'; python3-h11)") from None
    source = read_option(option)
    return PooledMap(
        _connect(source),
        [str(place) for place in source.places],
        by_address=source.by_address,
        reread=lambda: _connect(read_option(option)),
    )


def _connect(source: HttpOption) -> Connect:
    from perdition.maps._http_client import HttpConnection
    from perdition.maps._http_forms import FormConnection

    places = {str(place): place for place in source.places}

    async def connect(host: str) -> Connection:
        stream = await open_stream(places[host], source.tls)
        return FormConnection(HttpConnection(stream), source, host if places[host].port else LOCAL)

    return connect
