"""perdition option ssl_mode."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.config.ssl_mode import NO_TLS, SSL_ALL, WORDS, SslMode, Tls, ssl_mode

GOOD = {
    "none": NO_TLS,
    "none,ssl_outgoing": SslMode(outgoing=Tls.SSL),
    "SSL_All": SSL_ALL,
    "ssl_listen, tls_outgoing": SslMode(Tls.SSL, Tls.TLS),
    "tls_listen,tls_listen_force": SslMode(listen=Tls.TLS_FORCE),
    "tls_all_force,tls_all": SslMode(Tls.TLS_FORCE, Tls.TLS_FORCE),
    "tls_listen,tls_outgoing_force": SslMode(Tls.TLS, Tls.TLS_FORCE),
    "ssl_listen,ssl_outgoing": SSL_ALL,
}


@pytest.mark.parametrize(("text", "mode"), GOOD.items())
def test_good(text: str, mode: SslMode) -> None:
    assert ssl_mode(text) == mode


@pytest.mark.parametrize("text", ["", "tls", "ssl_all,", "ssl listen"])
def test_unknown_word(text: str) -> None:
    with pytest.raises(ValueError, match=r"^a list of none, ssl_listen, ssl_outgoing, .*, tls_all_force$"):
        ssl_mode(text)


@pytest.mark.parametrize("text", ["ssl_listen,tls_listen", "tls_all_force,ssl_outgoing", "ssl_all,tls_all"])
def test_ssl_and_tls_on_one_side(text: str) -> None:
    with pytest.raises(ValueError, match=r"^either ssl or tls for the same side, not both$"):
        ssl_mode(text)


@given(st.lists(st.sampled_from(sorted(WORDS)), min_size=1, max_size=4))
def test_order_does_not_matter(words: list[str]) -> None:
    def outcome(ordered: tuple[str, ...]) -> object:
        try:
            return ssl_mode(",".join(ordered))
        except ValueError as error:
            return str(error)

    assert len({outcome(ordered) for ordered in itertools.permutations(words)}) == 1
