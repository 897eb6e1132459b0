"""FETCH of messages with some structure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.demo.contents import ARRIVED
from perdition.demo.imap4_arguments import BadArgument, read_tokens
from perdition.demo.imap4_fetch import read_items, write_fetch
from perdition.demo.mailbox import Message
from perdition.protocol import imap4

INNER = b"Subject: inner\r\nTo: x@y\r\n\r\nin\r\n"
NESTED = (
    b"From: Joe <joe@example.org>\r\n"
    b'To: "A, B" <a@b>, c@d\r\n'
    b"Subject: two\r\n lines\r\n"
    b"Content-Type: multipart/mixed; boundary=XX\r\n"
    b"\r\n"
    b"--XX\r\n"
    b"\r\n"
    b"plain\r\n"
    b"--XX\r\n"
    b"Content-Type: message/rfc822\r\n"
    b"Content-Description: a message\r\n"
    b"\r\n" + INNER + b"\r\n"
    b"--XX--\r\n"
)


def fetch(octets: bytes, items: bytes) -> bytes:
    """Give an answer without the frame around it."""
    message = Message(7, octets, ARRIVED)
    parts = write_fetch(1, message, read_items(read_tokens((items,))[0]))
    answer = b"".join(part + (b"\r\n" if at % 2 == 0 and at < len(parts) - 1 else b"") for at, part in enumerate(parts))

    assert answer.startswith(b"1 FETCH (")
    assert answer.endswith(b")")
    return answer[len(b"1 FETCH (") : -1]


@pytest.mark.parametrize(
    ("items", "answer"),
    [
        (b"BODY[1]", b"BODY[1] {5}\r\nplain"),
        (b"BODY[1.MIME]", b"BODY[1.MIME] {2}\r\n\r\n"),
        (b"BODY[2]", b"BODY[2] {%d}\r\n%s" % (len(INNER), INNER)),
        (b"BODY[2.HEADER]", b"BODY[2.HEADER] {27}\r\nSubject: inner\r\nTo: x@y\r\n\r\n"),
        (b"BODY[2.TEXT]", b"BODY[2.TEXT] {4}\r\nin\r\n"),
        (b"BODY[2.1]", b"BODY[2.1] {4}\r\nin\r\n"),
        (b"BODY[2.2]", b"BODY[2.2] NIL"),
        (b"BODY[1.1]", b"BODY[1.1] NIL"),
        (b"BODY[1.HEADER]", b"BODY[1.HEADER] NIL"),
        (b"BODY[3]", b"BODY[3] NIL"),
        (
            b"BODY[HEADER.FIELDS (subject X-None)]",
            b"BODY[HEADER.FIELDS (SUBJECT X-NONE)] {24}\r\nSubject: two\r\n lines\r\n\r\n",
        ),
        (
            b'body.peek[2.header.fields.not ("Subject")]',
            b'BODY[2.HEADER.FIELDS.NOT ("SUBJECT")] {11}\r\nTo: x@y\r\n\r\n',
        ),
        (b"BODY[TEXT]<0.4>", b"BODY[TEXT]<0> {4}\r\n--XX"),
        (b"BODY[]<9999.5>", b"BODY[]<9999> {0}\r\n"),
        (
            b"ENVELOPE",
            b'ENVELOPE (NIL "two lines" (("Joe" NIL "joe" "example.org")) (("Joe" NIL "joe" "example.org")) '
            b'(("Joe" NIL "joe" "example.org")) (("A, B" NIL "a" "b")(NIL NIL "c" "d")) NIL NIL NIL NIL)',
        ),
        (
            b"BODY",
            b'BODY (("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 5 0)'
            b'("message" "rfc822" NIL NIL "a message" "7bit" 31 '
            b'(NIL "inner" NIL NIL NIL ((NIL NIL "x" "y")) NIL NIL NIL NIL) '
            b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 4 1) 4) "mixed")',
        ),
    ],
)
def test_pieces_of_a_message_with_parts(items: bytes, answer: bytes) -> None:
    assert fetch(NESTED, items) == answer


@pytest.mark.parametrize(
    ("octets", "answer"),
    [
        (b"", b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL)'),
        (b"no header", b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL)'),
        (b"Content-Type: multipart/mixed\r\n\r\nx", b'("text" "plain" NIL NIL NIL "7bit" 1 0 NIL NIL NIL NIL)'),
        (
            b"Content-Type: image/png; name*=utf-8''%C3%BC.png\r\nContent-Disposition: inline\r\n\r\nx",
            b'("image" "png" ("name*" "utf-8\'\'%C3%BC.png") NIL NIL "7bit" 1 NIL ("inline" NIL) NIL NIL)',
        ),
        (
            b"Content-Type: multipart/mixed; boundary=X\r\n\r\n--X\r\n\r\nno end",
            b'(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 6 0 NIL NIL NIL NIL) "mixed" ("boundary" "X") '
            b"NIL NIL NIL)",
        ),
        (
            b'Content-Type: text/x; a="b\\"c"\r\nContent-Transfer-Encoding: BASE64\r\nContent-ID: <i>\r\n\r\nx\ny\n',
            b'("text" "x" ("a" "b\\"c") "<i>" NIL "BASE64" 4 2 NIL NIL NIL NIL)',
        ),
    ],
)
def test_structure(octets: bytes, answer: bytes) -> None:
    assert fetch(octets, b"BODYSTRUCTURE") == b"BODYSTRUCTURE " + answer


def test_macros() -> None:
    assert fetch(b"a: b\r\n\r\n", b"fast") == (b'FLAGS () INTERNALDATE " 5-Jan-2026 09:30:00 +0000" RFC822.SIZE 8')
    assert fetch(NESTED, b"full").startswith(fetch(NESTED, b"all") + b" BODY (")


@pytest.mark.parametrize(
    "octets",
    [b"From: " + b"(" * 5000 + b"\r\n\r\n", b"From: \xff\xfe\r\n\r\n", b"From: a@b, <, group: x@y;\r\nTo: (\r\n\r\n"],
)
def test_addresses_that_are_none_do_no_harm(octets: bytes) -> None:
    assert fetch(octets, b"ENVELOPE").startswith(b"ENVELOPE (NIL NIL ")


PIECES = (
    b"Content-Type: |multipart/mixed|message/rfc822|text/plain|; boundary=|X|\"X\"|; name*=utf-8''%FF|; name*0*=x|"
    b"; a=\xff|"
    b'\r\n|\r\n\r\n|--X|--X--|--|From: |To: |a@b|<|>|,|;|:|(|)|"|\\|=?utf-8?q?=FF?=|\xff|\xc3\xbc| |\t|\r|\n|'
    b"Content-Disposition: |attachment|Content-Transfer-Encoding: |Date: |Mon, 99 Foo 2026|; charset=utf-7|+2AA-|\x01"
).split(b"|")
ITEMS = read_items(read_tokens((b"(BODYSTRUCTURE BODY ENVELOPE BODY[1] BODY[1.1.MIME] BODY[HEADER.FIELDS (TO)])",))[0])


@given(st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join))
def test_any_message_can_be_written_in_lines_and_literals(octets: bytes) -> None:
    server = imap4.Server()
    server.send(imap4.Greeting(b"ready"))
    written = server.send(imap4.Untagged(write_fetch(1, Message(1, octets, ARRIVED), ITEMS)))

    assert written.endswith(b")\r\n")


def test_parts_have_an_end() -> None:
    bomb = b"Content-Type: multipart/mixed; boundary=X\r\n\r\n" + b"--X\r\n\r\n" * 5000
    matryoshka = b"Content-Type: message/rfc822\r\n\r\n" * 500

    assert fetch(bomb, b"BODY").count(b"7bit") <= 101
    assert fetch(matryoshka, b"BODY").count(b"7bit") <= 12


@pytest.mark.parametrize(
    "items",
    [
        b"BODIES",
        b"BODY[0]",
        b"BODY[MIME]",
        b"BODY[HEADER.FIELDS]",
        b"BODY[HEADER.FIELDS ()]",
        b"BODY[]<1>",
        b'"UID"',
        b"()",
        b"(" + b" ".join([b"UID"] * 31) + b")",
    ],
)
def test_what_cannot_be_fetched(items: bytes) -> None:
    with pytest.raises(BadArgument):
        read_items(read_tokens((items,))[0])
