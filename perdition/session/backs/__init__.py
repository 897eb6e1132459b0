"""One back a protocol."""

from collections.abc import Mapping
from typing import Final

from perdition.session.back import Back
from perdition.session.backs.imap4 import Imap4Back
from perdition.session.backs.managesieve import ManageSieveBack
from perdition.session.backs.pop3 import Pop3Back
from perdition.session.policy import Proto

BACKS: Final[Mapping[Proto, type[Back]]] = {
    Proto.POP3: Pop3Back,
    Proto.IMAP4: Imap4Back,
    Proto.MANAGESIEVE: ManageSieveBack,
}
