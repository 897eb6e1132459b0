"""Make mutants: copies of a source file with one small change each.

The changes are mutmut's operators and three of our own.  mutmut's own runner changes only bodies of functions
without a decorator; here most rules are tables, patterns and defaults, which stand outside of functions.
"""

import collections
import dataclasses
import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import attrs
import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

ROOT: Final = Path(__file__).resolve().parents[2]


@attrs.frozen
class Mutant:
    """One changed copy of a file.

    Attributes:
        path: of the file, from the root of the repository.
        function: the qualified name of the outermost function whose body is changed; empty: what runs at import.
        lines: of the original; tests that run none of them cannot tell the copy from it.
        place: a name that stays the same while other lines of the file come and go: the path, the function, and the
            changed lines as they were and as they are.
        source: the whole changed copy.
    """

    path: str
    function: str
    lines: range
    place: str
    source: str = attrs.field(repr=False)


# --- our own operators: mutmut drops no statement, no condition and no entry of a table


def drop_statement(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Leave out a call for its effect, a `raise` or a `del`."""
    is_call = isinstance(node, cst.Expr) and isinstance(node.value, cst.Call) and not is_for_types(node.value)
    if is_call or isinstance(node, cst.Raise | cst.Del):
        yield cst.Pass()


def turn_condition(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Turn the condition of an `if` round."""
    if isinstance(node, cst.If | cst.CompIf):
        space = cst.SimpleWhitespace(" ")
        test = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        turned = cst.UnaryOperation(cst.Not(whitespace_after=space), test)
        yield node.with_changes(test=turned, whitespace_before_test=space)


def drop_entry(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Leave out one entry of a table."""
    if isinstance(node, cst.Dict | cst.List | cst.Set | cst.Tuple) and len(node.elements) > 1:
        for at in range(len(node.elements)):
            yield node.with_changes(elements=[*node.elements[:at], *node.elements[at + 1 :]])


def changed(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Give all that a node can become."""
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            # A text in prose is changed once: a test that misses that would miss its letters' case too.
            yield from itertools.islice(operator(node), 1 if is_prose(node) else None)
    for ours in (drop_statement, turn_condition, drop_entry):
        yield from ours(node)


def is_prose(node: cst.CSTNode) -> bool:
    """Tell whether a node is a text for people, or the name of an encoding: neither has a case that matters."""
    if not isinstance(node, cst.SimpleString) or "b" in node.prefix:
        return False
    return " " in node.value or node.raw_value in ("ascii", "utf-8")


# --- the walk over a file

HEX: Final = re.compile(r"\\x[0-9A-Fa-f]{2}")


def is_for_types(node: cst.CSTNode) -> bool:
    """Tell whether a node means something to the type checker and to imports only."""
    if isinstance(node, cst.Annotation | cst.Import | cst.ImportFrom | cst.Assert):
        return True
    if isinstance(node, cst.AnnAssign):
        return _code(node.annotation.annotation) == "TypeAlias"
    if isinstance(node, cst.Assign):
        return _code(node.targets[0].target) == "__all__"
    return isinstance(node, cst.Call) and _code(node.func) in ("TypeVar", "assert_never")


def _code(node: cst.CSTNode) -> str:
    code: str = cst.Module([]).code_for_node(node)
    return code


def cannot_matter(old: cst.CSTNode, new: cst.CSTNode) -> bool:
    """Tell whether a change is one of those that never change what a program does.

    None in the place of False; `strict=False` left out of a zip, where it is the default; another case of the digits
    of `\\xff`; a `case` left out that the type checker proves to be never taken.
    """
    if isinstance(old, cst.SimpleString) and isinstance(new, cst.SimpleString):
        before, after = (HEX.sub(lambda found: found[0].lower(), string.value) for string in (old, new))
        return before == after
    kinds = cst.Assign | cst.AnnAssign | cst.Arg
    if isinstance(old, kinds) and isinstance(new, kinds) and old.value is not None and new.value is not None:
        return _code(old.value) == "False" and _code(new.value) == "None"
    if isinstance(old, cst.Call) and isinstance(new, cst.Call):
        if len(old.args) == len(new.args):
            return any(map(cannot_matter, old.args, new.args))
        return any(_code(arg) == "strict=False" for arg in set(old.args) - set(new.args))
    return isinstance(old, cst.Match) and "assert_never(" in _code(old) and "assert_never(" not in _code(new)


@attrs.frozen
class Place:
    """Where the walk is.

    Attributes:
        nodes: from a statement of the module down to the node.
        function: the qualified name of the outermost function whose body this is in, or empty.
        prefix: of the qualified names of functions here.
        lines: of the statement, or of what stands in front of its body.
        in_enum: whether this is in an enumeration, whose members are made at import.
    """

    nodes: tuple[cst.CSTNode, ...]
    function: str = ""
    prefix: str = ""
    lines: range = range(0)
    in_enum: bool = False

    def statement_with(self, new: cst.CSTNode) -> cst.CSTNode:
        """Give the statement of the module with another node in the place of this one."""
        for old, parent in itertools.pairwise(reversed(self.nodes)):
            new = _with_child(parent, old, new)
        return new


def _with_child(parent: cst.CSTNode, old: cst.CSTNode, new: cst.CSTNode) -> cst.CSTNode:
    for field in dataclasses.fields(parent):
        value = getattr(parent, field.name)
        if value is old:
            return parent.with_changes(**{field.name: new})
        if isinstance(value, list | tuple) and any(each is old for each in value):
            return parent.with_changes(**{field.name: [new if each is old else each for each in value]})
    raise LookupError("expected a child of its parent")


@attrs.frozen
class Walk:
    """Goes over a file.  `where`: the lines of each node."""

    where: Mapping[cst.CSTNode, CodeRange]

    def places(self, place: Place) -> Iterator[tuple[Place, cst.CSTNode]]:
        """Give each place where something changes, and what stands there then."""
        node = place.nodes[-1]
        if is_for_types(node):
            return
        if isinstance(node, cst.SimpleStatementLine | cst.BaseCompoundStatement | cst.MatchCase):
            place = attrs.evolve(place, lines=self._lines(node))
        yield from ((place, new) for new in changed(node) if not cannot_matter(node, new))
        for child in node.children:
            if isinstance(node, cst.AssignTarget | cst.For) and child is node.target:
                continue
            inner = attrs.evolve(place, nodes=(*place.nodes, child))
            if isinstance(node, cst.FunctionDef) and child is node.body:
                if not place.in_enum or node.name.value != "__init__":
                    inner = attrs.evolve(inner, function=place.function or place.prefix + node.name.value)
            elif isinstance(node, cst.ClassDef) and child is node.body:
                in_enum = any(_code(base.value) == "enum.Enum" for base in node.bases)
                inner = attrs.evolve(inner, prefix=f"{place.prefix}{node.name.value}.", in_enum=in_enum)
            yield from self.places(inner)

    def _lines(self, node: cst.CSTNode) -> range:
        """Give the lines of a statement; of a compound one those in front of its body."""
        whole = self.where[node]
        body = getattr(node, "body", None)
        if not isinstance(node, cst.SimpleStatementLine) and isinstance(body, cst.CSTNode) and body in self.where:
            return range(whole.start.line, max(whole.start.line + 1, self.where[body].start.line))
        last = whole.start.line if isinstance(node, cst.Match) else whole.end.line
        return range(whole.start.line, last + 1)


def change_in(old: str, new: str) -> str:
    """Show the lines in which two texts differ; there is one run of them."""
    before, after = old.splitlines(), new.splitlines()
    for _ in range(2):  # what both end with, then what both begin with
        before.reverse()
        after.reverse()
        same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
        before, after = before[same:], after[same:]
    marked = [*(f"- {line}" for line in before), *(f"+ {line}" for line in after)]
    return " ".join(" ".join(line.split()) for line in marked)


def mutants_of(path: Path) -> list[Mutant]:
    """Make all mutants of a file; no two are the same text."""
    wrapper = MetadataWrapper(cst.parse_module(path.read_text("utf-8")))
    module = wrapper.module
    walk = Walk(wrapper.resolve(PositionProvider))
    before = "".join(map(module.code_for_node, module.header))
    texts = [module.code_for_node(statement) for statement in module.body]
    after = "".join(map(module.code_for_node, module.footer))
    found: dict[str, Mutant] = {}
    places: collections.Counter[str] = collections.Counter()
    name = str(path.relative_to(ROOT))
    for at, statement in enumerate(module.body):
        for place, new in walk.places(Place((statement,))):
            text = module.code_for_node(place.statement_with(new))
            source = "".join((before, *texts[:at], text, *texts[at + 1 :], after))
            if text != texts[at] and source not in found:
                here = f"{name}: {place.function or 'at import'}: {change_in(texts[at], text)}"
                places[here] += 1
                nth = f" ({places[here]})" if places[here] > 1 else ""
                found[source] = Mutant(name, place.function, place.lines, here + nth, source)
    return list(found.values())
