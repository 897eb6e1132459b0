"""The redis map: users and servers in Redis or Valkey.

perdition option map_library_opt is a URL; this is the default:

    redis://localhost:6379/0?key=popmap:{key}

The value is `[user<delimiter>]server[:port]`.  `hash=popmap` takes it from a hash for all users, by HGET; `fields` from
a hash for each user, by HMGET: server and port, or user, server and port.

    redis://perdition@db1.example.com/2?password_file=/etc/perdition/redis.pw&hash=popmap
    redis+unix:///run/redis/redis.sock?db=2&key=user:{key}&fields=login,host,port
    rediss+sentinel://s1.example.com,s2.example.com/mymaster?ca_file=/etc/ssl/certs/ca.pem
    rediss+cluster://n1.example.com,n2.example.com:6380

The key is an argument of its own, octet by octet: it can end neither the command nor what stands around it.
"""

from typing import TYPE_CHECKING

from perdition.maps._pooled import Connect, Connection, PooledMap
from perdition.maps._redis_option import RedisOption, Way, read_option
from perdition.maps.contract import MapError

if TYPE_CHECKING:
    from perdition.maps._redis_client import Nodes


def open_map(option: str) -> PooledMap:
    """Read the option; the first lookup connects.

    Raises:
        MapError: the option makes no sense, or hiredis is not installed.
    """
    try:
        import hiredis  # noqa: F401  # a clear word now, and not at the first lookup
    except ImportError:
        raise MapError("expected the package hiredis (pip install 'perdition[redis]'; python3-hiredis)") from None
    source = read_option(option)
    return PooledMap(
        _connect(source), [str(place) for place in source.places], reread=lambda: _connect(read_option(option))
    )


def _connect(source: RedisOption) -> Connect:
    from perdition.maps import _redis_client as client

    places = {str(place): place for place in source.places}
    nodes: Nodes = {}

    async def connect(host: str) -> Connection:
        match source.way:
            case Way.SENTINEL:
                return await client.connect_by_sentinel(source, places[host])
            case Way.CLUSTER:
                return await client.connect_to_cluster(source, places[host], nodes)
        return await client.connect(source, places[host])

    return connect
