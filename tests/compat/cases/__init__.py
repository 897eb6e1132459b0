"""All cases, by their ids."""

from collections.abc import Mapping
from itertools import chain
from typing import Final

from tests.compat.case import Case
from tests.compat.cases import (
    capabilities,
    command_line,
    configuration,
    imap4,
    logs,
    managesieve,
    maps,
    names,
    pam,
    pop3,
    process,
    tls,
)

GROUPS: Final = (
    pop3,
    imap4,
    managesieve,
    tls,
    capabilities,
    names,
    maps,
    pam,
    configuration,
    command_line,
    logs,
    process,
)
CASES: Final[Mapping[str, Case]] = {case.id: case for case in chain.from_iterable(group.CASES for group in GROUPS)}
