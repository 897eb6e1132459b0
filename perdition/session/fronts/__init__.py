"""One front a protocol."""

from collections.abc import Mapping
from typing import Final

from perdition.session.front import Front
from perdition.session.fronts.imap4 import Imap4Front
from perdition.session.fronts.managesieve import ManageSieveFront
from perdition.session.fronts.pop3 import Pop3Front
from perdition.session.policy import Proto

FRONTS: Final[Mapping[Proto, type[Front]]] = {
    Proto.POP3: Pop3Front,
    Proto.IMAP4: Imap4Front,
    Proto.MANAGESIEVE: ManageSieveFront,
}
