"""Octets for machines in three kinds: valid, nearly valid (one mutation), and hostile; the parts that all share."""

from typing import Final

from hypothesis import strategies as st

Octets = st.SearchStrategy[bytes]

ENDS: Final = st.sampled_from((b"\r\n",) * 12 + (b"\n", b"\r", b"", b"\0\r\n", b"\r\r\n", b" \r\n"))
LONG: Final = st.sampled_from(
    (
        b"x" * 99 + b"\r\n",
        b"x" * 100 + b"\r\n",
        b"x" * 101 + b"\r\n",
        b"x" * 100 + b"\n",
        b"x" * 101 + b"\n",
        b"x" * 100 + b"\r\r\n",
        b"x" * 300,
        b"\n",
        b"\r\n",
        b"\0",
        b" \r\n",
        b"\xff\xfe\r\n",
        b"p1 OK",
    )
)
"""Lines about as long as `tests.protocol.helpers.SMALL` allows, and what no line is."""
SIZES: Final = st.sampled_from(
    (b"0", b"1", b"3", b"03", b"49", b"50", b"51", b"120", b"9999999999", b"99999999999", b"9" * 5000)
)
LITERALS: Final = st.builds(
    lambda before, size, plus, end, octets: before + b"{" + size + plus + b"}" + end + octets,
    st.sampled_from((b"", b" ", b"a LOGIN ", b"a LOGIN u ", b"PUTSCRIPT ", b"* LIST ", b"* OK ", b"+ ", b'NO "x" ')),
    SIZES,
    st.sampled_from((b"", b"+", b"-")),
    ENDS,
    st.sampled_from((b"", b"abc", b"abc\r\n", b"a\r\nb NOOP\r\n", b" x\r\n", b"\0\n\r" * 17)),
)
BASE64: Final = st.sampled_from(
    (b"AHUAcA==", b"dQ==", b"cA==", b"", b"=", b"*", b"dQ", b"dR==", b"d Q==", b"Z2l2ZSB1cA==", b"A" * 196, b"A" * 204)
)


def lines(*heads: bytes) -> Octets:
    """Give lines that begin with one of the heads, go on with almost anything, and mostly end in CRLF."""
    tails = st.one_of(
        st.just(b""),
        st.just(b""),
        st.just(b""),
        BASE64,
        st.sampled_from(
            (b" ", b" 1", b" u", b' "u" "p"', b" (x)", b' "a\\"b"', b' "unended', b" {3}", b" {3+}", b" PLAIN")
        ),
        st.binary(max_size=12),
    )
    return st.builds(lambda head, tail, end: head + tail + end, st.sampled_from(heads), tails, ENDS)


def hostile(*pieces: Octets) -> Octets:
    """Give octets made of the pieces, of hostile ones and of noise."""
    piece = st.one_of(*pieces, *pieces, LITERALS, LONG, st.binary(max_size=20))
    return st.lists(piece, max_size=12).map(b"".join)


def greeted(greeting: bytes, stream: Octets) -> Octets:
    """Put a greeting before most streams, or else a client machine would hear little."""
    return st.builds(bytes.__add__, st.sampled_from((greeting,) * 9 + (b"",)), stream)


@st.composite
def nearly(draw: st.DrawFn, valid: Octets, words: tuple[bytes, ...]) -> bytes:
    """Give valid octets with one mutation: some left out, doubled, put in or replaced, or all in another case.

    Args:
        draw: given by Hypothesis.
        valid: what is mutated.
        words: what may be put in.
    """
    octets = draw(valid)
    begin = draw(st.integers(0, len(octets)))
    end = min(len(octets), begin + draw(st.integers(0, 6)))
    before, middle, after = octets[:begin], octets[begin:end], octets[end:]
    match draw(st.sampled_from(("leave out", "double", "put in", "replace", "cut off", "swap case"))):
        case "leave out":
            return before + after
        case "double":
            return before + middle + middle + after
        case "put in":
            return before + draw(st.sampled_from(words)) + middle + after
        case "replace":
            return before + draw(st.binary(max_size=4)) + after
        case "cut off":
            return before
    return before + middle.swapcase() + after


def streams(valid: Octets, wrong: Octets, words: tuple[bytes, ...]) -> Octets:
    """Give octets of all three kinds: mostly valid messages, some nearly valid, and sometimes a hostile end.

    Args:
        valid: one message.
        wrong: a stream of hostile octets.
        words: what a mutation may put in.
    """
    message = st.one_of(valid, valid, valid, nearly(valid, words))
    messages = st.lists(message, max_size=8).map(b"".join)
    return st.builds(bytes.__add__, messages, st.one_of(st.just(b""), st.just(b""), wrong))
