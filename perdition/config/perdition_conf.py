"""perdition.conf: a line is a key and a value, quoted by the rules of words.py.

The grammar is perdition 2.2's, without its traps: an error in the file is an error (2.2 stops reading and
starts with what it has), a last line without newline counts, and a line may begin with white space.
"""

from perdition.config.names import OptionError, find_in_file, give
from perdition.config.option import Option, Scope
from perdition.config.origin import Given, Origin, Reading, Source
from perdition.config.words import Line, WordsError, read_lines


def read(data: bytes, file: str) -> Reading:
    """Read a whole file; all errors are kept, none is raised."""
    given: list[Given] = []
    errors: list[str] = []
    whole = True
    try:
        for line in read_lines(data):
            try:
                given += _read_line(line, Origin(Source.FILE, file, line.number))
            except OptionError as error:
                errors.append(str(error))
    except WordsError as error:
        errors.append(f"{file}:{error.line}: {error.expected}")
        whole = False
    return Reading(tuple(given), tuple(errors), whole=whole)


def _read_line(line: Line, origin: Origin) -> tuple[Given, ...]:
    key, equals, begin = _text(line.words[0]).partition("=")
    value = None if line.rest is None else _text(line.rest)
    if equals:  # "key=a b": the value begins in the first word
        value = begin + _text(b"".join(piece.octets for piece in line.pieces[1:]))
    known = find_in_file(key, origin)
    if isinstance(known, Option) and known.scope is Scope.START:
        return ()  # help and config_file mean nothing here; perdition 2.2 ignores them too
    return give(known, value, origin)


def _text(octets: bytes) -> str:
    # As Python decodes the command line, so that a value is the same text from either place.
    return octets.decode("utf-8", "surrogateescape")
