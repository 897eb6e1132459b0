"""Maps (reference 5): those that both programs have without a database server."""

from typing import Final

from tests.compat.case import Case, Popmap, log_in

REGEX: Final = "# c\n^joe$: 127.0.0.1:{real}\n^al: alice@127.0.0.1:{real}\n(.*)@(.*): $1_$2@127.0.0.1:{real}\n"
GDBM: Final = (
    "joe:127.0.0.1:{real}\nu:alice@127.0.0.1:{real}\nnoport:127.0.0.1\nd.com:127.0.0.1:{real}\nsp: 127.0.0.1:{real}\n"
)


def case(case_id: str, title: str, popmap: Popmap, *options: str, user: str = "joe", server: str = "") -> Case:
    """Give a case with a map."""
    client = (*log_in("POP3", user=user), "QUIT")
    return Case(id=f"maps-{case_id}", title=title, popmap=popmap, options=options, client=client, server=server)


CASES: Final = (
    case("regex", "posix_regex", Popmap("posix_regex", REGEX)),
    case("regex-prefix", "posix_regex: what stands behind the match", Popmap("posix_regex", REGEX), "-U", user="alan"),
    case("regex-groups", "posix_regex: groups", Popmap("posix_regex", REGEX), "-U", user="x@y.z"),
    case("regex-none", "posix_regex: nothing matches", Popmap("posix_regex", REGEX), user="nobody"),
    case("regex-before", "posix_regex: text before the match", Popmap("posix_regex", "@x: 127.0.0.1:{real}\n"),
         user="joe@x"),
    case("gdbm", "gdbm", Popmap("gdbm", GDBM)),
    case("gdbm-user", "gdbm with a user", Popmap("gdbm", GDBM), "-U", user="u"),
    case("gdbm-no-port", "gdbm without port", Popmap("gdbm", GDBM), "-p", "{real}", user="noport"),
    case("gdbm-upper", "gdbm: upper and lower case differ", Popmap("gdbm", GDBM), user="Joe"),
    case("gdbm-blank", "gdbm: a blank before the server", Popmap("gdbm", GDBM), user="sp"),
    case("gdbm-domain", "gdbm: the second key", Popmap("gdbm", GDBM), "--query_key", r"\U,\d", user="q@d.com"),
    case("gdbm-none-default", "gdbm: an unknown user goes to the default server", Popmap("gdbm", GDBM), user="nobody",
         server="127.0.0.1:{real}"),
    case("missing-default", "a map that is not there, and a default server", Popmap("gdbm"), server="127.0.0.1:{real}"),
    case("missing", "a map that is not there, no default server", Popmap("gdbm")),
)  # fmt: skip
