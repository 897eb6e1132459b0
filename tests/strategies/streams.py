"""For each protocol: streams of a client and of a server, valid, nearly valid and hostile."""

from typing import Final

from tests.strategies import imap4, managesieve, pop3
from tests.strategies.pieces import Octets, streams
from tests.strategies.words import words_of

HOSTILE_CLIENTS: Final[dict[str, Octets]] = {
    "pop3": pop3.HOSTILE_CLIENT,
    "imap4": imap4.HOSTILE_CLIENT,
    "managesieve": managesieve.HOSTILE_CLIENT,
}
HOSTILE_SERVERS: Final[dict[str, Octets]] = {
    "pop3": pop3.HOSTILE_SERVER,
    "imap4": imap4.HOSTILE_SERVER,
    "managesieve": managesieve.HOSTILE_SERVER,
}
CLIENTS: Final[dict[str, Octets]] = {
    "pop3": streams(pop3.CLIENT_SAYS, pop3.HOSTILE_CLIENT, words_of("pop3")),
    "imap4": streams(imap4.CLIENT_SAYS, imap4.HOSTILE_CLIENT, words_of("imap4")),
    "managesieve": streams(managesieve.CLIENT_SAYS, managesieve.HOSTILE_CLIENT, words_of("managesieve")),
}
SERVERS: Final[dict[str, Octets]] = {
    "pop3": streams(pop3.SERVER_SAYS, pop3.HOSTILE_SERVER, words_of("pop3")),
    "imap4": streams(imap4.SERVER_SAYS, imap4.HOSTILE_SERVER, words_of("imap4")),
    "managesieve": streams(managesieve.SERVER_SAYS, managesieve.HOSTILE_SERVER, words_of("managesieve")),
}
