"""The option strings of the redis map."""

from pathlib import Path

import pytest

from perdition.maps import MapError
from perdition.maps._redis_option import Question, Way, read_option
from perdition.maps._stream import Place
from perdition.maps.registry import BUILT_IN, open_map


def test_the_default() -> None:
    option = read_option(BUILT_IN["redis"].default)

    assert option.way is Way.SERVER
    assert option.places == (Place("localhost", 6379),)
    assert option.database == 0
    assert option.tls is None
    assert option.question.command(b"joe") == (b"GET", b"popmap:joe")


COMMANDS = {
    "redis://x": (b"GET", b"popmap:K"),
    "redis://x?key={key}": (b"GET", b"K"),
    "redis://x?key=%7Bpopmap%7D:{key}:route": (b"GET", b"{popmap}:K:route"),
    "redis://x?hash=popmap": (b"HGET", b"popmap", b"K"),
    "redis://x?hash=pop%20map&key=u:{key}": (b"HGET", b"pop map", b"u:K"),
    "redis://x?key=u:{key}&fields=server": (b"HMGET", b"u:K", b"server"),
    "redis://x?fields=user,server,port": (b"HMGET", b"popmap:K", b"user", b"server", b"port"),
}


@pytest.mark.parametrize("option", COMMANDS)
@pytest.mark.parametrize("key", [b"joe", b"", b"{key}", b"\r\n\0\xff %s %%7Bkey}"])
def test_what_is_asked(option: str, key: bytes) -> None:
    expected = tuple(word.replace(b"K", key) for word in COMMANDS[option])

    assert read_option(option).question.command(key) == expected


PLACES = {
    "redis://": (Way.SERVER, (Place("localhost", 6379),)),
    "redis://h:1": (Way.SERVER, (Place("h", 1),)),
    "redis://[::1]:1,[::2],h": (Way.SERVER, (Place("::1", 1), Place("::2", 6379), Place("h", 6379))),
    "redis+unix:///a/b%3Fc": (Way.UNIX, (Place("/a/b?c", 0),)),
    "redis+sentinel://h,i:5/s": (Way.SENTINEL, (Place("h", 26379), Place("i", 5))),
    "valkey+cluster://h,i:5": (Way.CLUSTER, (Place("h", 6379), Place("i", 5))),
}


@pytest.mark.parametrize("option", PLACES)
def test_where(option: str) -> None:
    read = read_option(option)

    assert (read.way, read.places) == PLACES[option]


def test_who_and_which(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("s3\nx\n")
    option = read_option(
        f"redis+sentinel://me%40:a%2Fb@h/my%20service/3?sentinel_user=s&sentinel_password_file={tmp_path}/pw"
    )

    assert (option.login.user, option.login.password) == ("me@", "a/b")
    assert (option.sentinel_login.user, option.sentinel_login.password) == ("s", "s3")
    assert (option.service, option.database) == ("my service", 3)
    assert "a/b" not in repr(option)
    assert "s3" not in repr(option)


WRONG = {
    "": "expected redis://",
    "localhost:6379": "expected redis://",
    "http://x": "expected redis://",
    "redis://x:y": "port",
    "redis://x:0": "port",
    "redis://x:65536": "port",
    "redis://x:99999999999999999999": "port",
    "redis://x,": "host[:port]",
    "redis://x/mail": "a number",
    "redis://x/1234567": "a number",
    "redis://x/\u0663": "a number",
    "redis+cluster://x/1": "no database but 0",
    "redis+sentinel://x": "service",
    "redis+unix://x/y": "redis+unix:///path",
    "redis+unix://": "redis+unix:///path",
    "rediss+unix:///x": "redis+unix:///path",
    "redis://x?nonsense=1": "expected name=value",
    "redis://x?key": "expected name=value",
    "redis://x?key=popmap": "expected one {key}",
    "redis://x?key={key}{key}": "expected one {key}",
    "redis://x?hash={key}": "without {key}",
    "redis://x?fields=a,b,c,d": "one to three",
    "redis://x?hash=a&fields=b": "no hash",
    "redis://x?ca_file=/x": "rediss://",
    "rediss://x?ca_file=/no/such": "ca_file /no/such: No such file",
    "rediss://x?cert_file=/no/such": "cert_file /no/such: No such file",
    "redis://x?password_file=/no/such": "password_file /no/such: cannot be read",
}


@pytest.mark.parametrize("option", WRONG)
def test_what_makes_no_sense(option: str) -> None:
    with pytest.raises(MapError) as caught:
        read_option(option)

    assert WRONG[option] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_message_shows_the_option() -> None:
    with pytest.raises(MapError) as caught:
        open_map("redis", "redis://me:canary@x/nonsense")

    assert "canary" not in str(caught.value)


def test_a_question_has_its_key_in_one_argument() -> None:
    question = Question(before=b"a", behind=b"z", fields=(b"f",))

    assert question.command(b"\r\n*1\r\n") == (b"HMGET", b"a\r\n*1\r\nz", b"f")
