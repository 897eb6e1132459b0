"""Who talks to whom."""

from perdition.session import Endpoints


def test_an_address_has_no_name_unless_it_is_given_one() -> None:
    assert Endpoints(("192.0.2.7", 4242), ("192.0.2.1", 110), "here").local_name is None
