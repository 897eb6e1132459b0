"""Versions of TLS, and what options say together."""

import pytest

from perdition.config.load import load
from perdition.config.origin import ConfigError
from perdition.config.tls_versions import TlsVersion, least, most
from perdition.config.whole import versions, without_effect


@pytest.mark.parametrize("text", ["sslv3", "tlsv1", "tlsv1.1", "TLSv1.2", "TLSV1.3"])
def test_versions_in_any_case(text: str) -> None:
    assert least(text) is TlsVersion(text.lower())
    assert most(text) is least(text)


def test_no_maximum() -> None:
    assert most("") is None


@pytest.mark.parametrize("text", ["", "sslv2", "tls1.2", "1.2"])
def test_versions_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"^one of sslv3, tlsv1, tlsv1\.1, tlsv1\.2, tlsv1\.3$"):
        least(text)
    if text:
        with pytest.raises(ValueError, match=r"^one of sslv3"):
            most(text)


def test_the_older_is_the_smaller() -> None:
    assert sorted(TlsVersion) == list(TlsVersion)
    assert TlsVersion.TLSV1_2 <= TlsVersion.TLSV1_2 < TlsVersion.TLSV1_3
    with pytest.raises(TypeError):
        TlsVersion.TLSV1 < "tlsv1.1"  # noqa: B015


def complaints(*options: str) -> list[str]:
    try:
        load(["perdition", "--config_file=", *options])
    except ConfigError as error:
        return str(error).splitlines()
    return []


@pytest.mark.parametrize("side", ["listen", "outgoing"])
def test_the_oldest_version_must_not_be_newer_than_the_newest(side: str) -> None:
    names = f"ssl_{side}_min_proto_version", f"ssl_{side}_max_proto_version"

    assert complaints(f"--{names[0]}=tlsv1.3", f"--{names[1]}=tlsv1.2") == [
        f"options {names[0]} and {names[1]}: expected the first not to be newer than the second, "
        "not tlsv1.3 and tlsv1.2"
    ]
    assert complaints(f"--{names[0]}=tlsv1.2", f"--{names[1]}=tlsv1.2") == []
    assert complaints(f"--{names[0]}=tlsv1", f"--{names[1]}=tlsv1.1") == []


@pytest.mark.parametrize("side", ["listen", "outgoing"])
def test_the_default_of_the_oldest_makes_way_for_the_newest(side: str) -> None:
    settings = load(["perdition", "--config_file=", f"--ssl_{side}_max_proto_version=tlsv1.1"]).common

    assert versions(settings, side) == (TlsVersion.TLSV1_1, TlsVersion.TLSV1_1)


def test_one_place_for_the_pass_phrase() -> None:
    assert complaints("--ssl_passphrase_file=/f", "--ssl_passphrase_fd=3") == [
        "options ssl_passphrase_fd and ssl_passphrase_file: expected only one of them"
    ]
    assert complaints("--ssl_passphrase_file=/f") == []
    assert complaints("--ssl_passphrase_fd=0") == []


def test_what_nobody_can_have_any_more_is_taken_with_a_warning() -> None:
    config = load(
        [
            "perdition",
            "--config_file=",
            "--ssl_listen_compression",
            "--ssl_outgoing_compression",
            "--ssl_listen_min_proto_version=sslv3",
            "--ssl_outgoing_min_proto_version=sslv3",
        ]
    )

    assert without_effect(config.common) == [
        "option ssl_listen_compression has no effect: TLS is never compressed (RFC 9325 3.3)",
        "options ssl_listen_*_proto_version: SSLv3 cannot be had; tlsv1 is the oldest version",
        "option ssl_outgoing_compression has no effect: TLS is never compressed (RFC 9325 3.3)",
        "options ssl_outgoing_*_proto_version: SSLv3 cannot be had; tlsv1 is the oldest version",
    ]
    assert without_effect(load(["perdition", "--config_file="]).common) == []
