"""What the two demo servers hold at the start: who is where, messages, and a Sieve script."""

from datetime import UTC, datetime
from typing import Final

from perdition.demo.mailbox import Account, Store
from perdition.protocol import Secret

ARRIVED: Final = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)

# Users and passwords of each server.  They are printed for everybody to see: that is no way to keep secrets.
USERS: Final = {
    "A": {"alice": "wonderland", "bob": "builder"},
    "B": {"carol": "christmas", "dave": "daisy"},
}

WELCOME: Final = """\
From: Demo <demo@example.org>
To: {user}@example.org
Subject: You are on demo server {server}
Date: Mon, 05 Jan 2026 09:30:00 +0000
Message-ID: <1.{user}@demo.example.org>

Hello {user},

you have logged in through perdition, and it has found your real server.
This message lives on demo server {server}.
.
The dot above is there to see that dots come through.
"""

FOREIGN: Final = """\
From: =?UTF-8?Q?J=C3=BCrgen_M=C3=BCller?= <juergen@example.org>
To: {user}@example.org
Subject: =?UTF-8?B?R3LDvMOfZSBhdXMgTcO8bmNoZW4g8J+lqA==?=
Date: Mon, 05 Jan 2026 09:31:00 +0000
Message-ID: <2.{user}@demo.example.org>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Grüße aus München, {user}! Schöne Straßen, süße Brezn: 🥨
"""

ATTACHED: Final = """\
From: "Demo, the second" <demo@example.org>
To: {user}@example.org, "Somebody Else" <else@example.org>
Cc: archive@example.org
Subject: A message with an attachment
Date: Mon, 05 Jan 2026 09:32:00 +0000
Message-ID: <3.{user}@demo.example.org>
In-Reply-To: <1.{user}@demo.example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=-demo-boundary"

This is a message in several parts.
--=-demo-boundary
Content-Type: text/plain; charset=us-ascii

The notes are attached.
--=-demo-boundary
Content-Type: text/csv; charset=us-ascii; name="servers.csv"
Content-Disposition: attachment; filename="servers.csv"
Content-Transfer-Encoding: base64

c2VydmVyLHVzZXJzDQpBLGFsaWNlIGJvYg0KQixjYXJvbCBkYXZlDQo=
--=-demo-boundary--
"""

SCRIPT: Final = """\
require ["fileinto"];
# {user}'s filter on demo server {server}
if header :contains "subject" "perdition" {{
    fileinto "Proxy";
}}
"""


def fill(template: str, server: str, user: str) -> bytes:
    """Fill in a template; give it the line ends of the wire."""
    return template.format(server=server, user=user).replace("\n", "\r\n").encode()


def new_account(server: str, user: str, password: str) -> Account:
    """Make an account with three messages and one script."""
    account = Account(user.encode(), Secret(password.encode()))
    for template in (WELCOME, FOREIGN, ATTACHED):
        account.inbox.add(fill(template, server, user), ARRIVED)
    account.create(b"Archive")
    account.subscribed.add(b"Archive")
    account.scripts.texts[b"filter"] = fill(SCRIPT, server, user)
    account.scripts.active = b"filter"
    return account


def new_store(server: str) -> Store:
    """Make the memory of demo server `A` or `B`."""
    accounts = (new_account(server, user, password) for user, password in USERS[server].items())
    return Store(f"demo server {server}".encode(), {account.name: account for account in accounts})
