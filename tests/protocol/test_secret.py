"""perdition.protocol.secret"""

import copy
import pickle

import pytest

from perdition.protocol.secret import Secret

SECRET = Secret(b"hunter2")


def test_reveal_gives_the_octets() -> None:
    assert SECRET.reveal() == b"hunter2"
    assert len(SECRET) == 7


@pytest.mark.parametrize("text", [repr(SECRET), str(SECRET), f"{SECRET}", f"{SECRET!r}", repr([SECRET])])
def test_text_shows_nothing(text: str) -> None:
    assert "hunter" not in text
    assert text in ("Secret(...)", "[Secret(...)]")


def test_equal_octets_are_equal_secrets_and_nothing_else_is() -> None:
    assert Secret(b"hunter2") == SECRET
    assert Secret(b"hunter3") != SECRET
    assert SECRET != b"hunter2"


def test_secret_is_no_key() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(SECRET)


@pytest.mark.parametrize("leak", [pickle.dumps, copy.copy, copy.deepcopy])
def test_secret_is_not_pickled(leak: object) -> None:
    assert callable(leak)
    with pytest.raises(TypeError, match=r"\Aa Secret is not pickled\Z"):
        leak(SECRET)


def test_secret_has_no_dict() -> None:
    assert not hasattr(SECRET, "__dict__")


def test_repr() -> None:
    assert repr(Secret(b"hunter2")) == "Secret(...)"
