"""What only shows when all options of a listener are looked at together: errors, and options without effect."""

from collections.abc import Callable, Sequence
from typing import Final

from perdition.config.origin import DEFAULT, Source
from perdition.config.settings import Settings
from perdition.config.ssl_mode import Tls
from perdition.config.tls_versions import TlsVersion

SIDES: Final = ("listen", "outgoing")
GIVEN: Final = frozenset({Source.FILE, Source.COMMAND_LINE})


def contradictions(settings: Settings) -> list[str]:
    """Find options that cannot be meant together; one line each."""
    errors: list[str] = []
    for side in SIDES:
        least, most = versions(settings, side)
        if most is not None and most < least:
            errors.append(
                f"options ssl_{side}_min_proto_version and ssl_{side}_max_proto_version: "
                f"expected the first not to be newer than the second, not {least.value} and {most.value}"
            )
    if settings.ssl_passphrase_file and settings.origin("ssl_passphrase_fd") != DEFAULT:
        errors.append("options ssl_passphrase_fd and ssl_passphrase_file: expected only one of them")
    return errors


def without_effect(settings: Settings) -> list[str]:
    """Find what perdition 2.2 takes and nobody can have any more; one line each, for the log."""
    lines: list[str] = []
    for side in SIDES:
        if getattr(settings, f"ssl_{side}_compression"):
            lines.append(f"option ssl_{side}_compression has no effect: TLS is never compressed (RFC 9325 3.3)")
        if TlsVersion.SSLV3 in versions(settings, side):
            lines.append(f"options ssl_{side}_*_proto_version: SSLv3 cannot be had; tlsv1 is the oldest version")
    return lines


# Options, what they need to have an effect, and what is said where no listener has that.
NEEDS: Final[tuple[tuple[tuple[str, ...], Callable[[Settings], bool], str], ...]] = (
    (("explicit_domain",), lambda settings: bool(settings.add_domain.states), "without add_domain"),
    (("log_passwd",), lambda settings: settings.debug, "without debug"),
    (("quiet",), lambda settings: not settings.debug, "with debug"),
    (
        ("ssl_cert_file", "ssl_key_file", "ssl_ca_chain_file", "ssl_dh_params_file", "ssl_listen_ciphers"),
        lambda settings: settings.tls.listen is not Tls.NONE,
        "without TLS for clients (ssl_mode)",
    ),
    (
        ("ssl_ca_file", "ssl_ca_path", "ssl_outgoing_ciphers", "ssl_no_cert_verify", "ssl_no_cn_verify"),
        lambda settings: settings.tls.outgoing is not Tls.NONE,
        "without TLS to real servers (ssl_mode)",
    ),
)


def unused(listeners: Sequence[Settings]) -> list[str]:
    """Find options that were given and have no effect in any listener, for want of others; one line each."""
    lines: list[str] = []
    for names, works, why in NEEDS:
        for name in names:
            given = [settings for settings in listeners if settings.origin(name).kind in GIVEN]
            if given and not any(works(settings) for settings in given):
                origin = given[0].origin(name)
                lines.append(f"{origin.place}option {origin.dashes}{name} has no effect {why}")
    return lines


def versions(settings: Settings, side: str) -> tuple[TlsVersion, TlsVersion | None]:
    """Give the oldest and the newest version of TLS on a side, "listen" or "outgoing"; None: the newest there is.

    A newest version that is older than our default of the oldest, which is not perdition 2.2's, is the only one.
    """
    least: TlsVersion = getattr(settings, f"ssl_{side}_min_proto_version")
    most: TlsVersion | None = getattr(settings, f"ssl_{side}_max_proto_version")
    if most is not None and settings.origin(f"ssl_{side}_min_proto_version").kind not in GIVEN:
        least = min(least, most)
    return least, most
