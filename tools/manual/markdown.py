"""The little of Markdown that the pages of docs/ use, cut into blocks."""

import re
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import attrs

FENCE: Final = "```"
HEADING: Final = re.compile(r"(#{1,4}) (.*)")
ITEM: Final = re.compile(r"(-|[0-9]+\.) (.*)")
INDENT: Final = "    "
RULE: Final = re.compile(r"\|[-| :]+\|")
CELL: Final = re.compile(r"(?<!\\)\|")


@attrs.frozen
class Heading:
    """A heading; 1 is the highest level."""

    level: int
    text: str


@attrs.frozen
class Paragraph:
    """Running text."""

    text: str


@attrs.frozen
class Code:
    """Lines that stay as they are."""

    lines: tuple[str, ...]


@attrs.frozen
class Item:
    """One element of a list, behind its mark."""

    mark: str
    text: str


@attrs.frozen
class Term:
    """A term, on a line by itself, and behind `: ` what there is to say of it."""

    term: str
    text: str


@attrs.frozen
class Table:
    """A table."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Test: TypeAlias = Callable[[str], bool]
Block: TypeAlias = Heading | Paragraph | Code | Item | Term | Table


def blocks(source: str) -> Iterator[Block]:
    """Cut a page into blocks."""
    lines = source.splitlines()
    while lines:
        line = lines[0]
        if not line.strip():
            lines.pop(0)
        elif line.startswith(FENCE):
            lines.pop(0)
            yield Code(tuple(_until(lines, lambda line: line.startswith(FENCE))))
            lines.pop(0)
        elif line.startswith(INDENT):
            yield Code(tuple(line.removeprefix(INDENT) for line in _while(lines, lambda line: line.startswith(INDENT))))
        elif heading := HEADING.fullmatch(line):
            lines.pop(0)
            yield Heading(len(heading[1]), heading[2])
        elif line.startswith("|"):
            yield _table(_while(lines, lambda line: line.startswith("|")))
        elif item := ITEM.match(line):
            yield Item(item[1], _text(lines).removeprefix(item[1]).strip())
        elif len(lines) > 1 and lines[1].startswith(": "):
            term = lines.pop(0)
            yield Term(term, _text(lines).removeprefix(": "))
        else:
            yield Paragraph(_text(lines))


def _until(lines: list[str], ends: Test) -> list[str]:
    return _while(lines, lambda line: not ends(line))


def _while(lines: list[str], goes_on: Test) -> list[str]:
    taken: list[str] = []
    while lines and goes_on(lines[0]):
        taken.append(lines.pop(0))
    return taken


def _text(lines: list[str]) -> str:
    """Take the lines of one paragraph, item or term."""
    first = lines.pop(0)
    begins = ("|", "#", FENCE)
    rest = _while(lines, lambda line: line.strip() != "" and not line.startswith(begins) and not ITEM.match(line))
    return " ".join(line.strip() for line in (first, *rest))


def _table(lines: list[str]) -> Table:
    head, *rows = (_cells(line) for line in lines if not RULE.fullmatch(line))
    return Table(head, tuple(rows))


def _cells(line: str) -> tuple[str, ...]:
    return tuple(
        cell.strip().replace(r"\|", "|") for cell in CELL.split(line.strip().removeprefix("|").removesuffix("|"))
    )
