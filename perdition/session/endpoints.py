"""Who talks to whom."""

import attrs


@attrs.frozen
class Endpoints:
    """Address and port of the client, and of our socket that it reached.

    Attributes:
        client: the client's; ("", 0): it has none (inetd_mode over pipes).
        local: ours.
        banner_host: what the greeting calls us.
        local_name: the name of our address, for add_domain; None: it has none, or nobody needs it.
    """

    client: tuple[str, int]
    local: tuple[str, int]
    banner_host: str
    local_name: bytes | None = None
