"""tools/gen_manual.py, and what it writes."""

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Final

import pytest

from perdition.config import perdition_conf, toml_file
from perdition.config.command_line import read
from perdition.config.settings import ALIASES, OPTIONS
from perdition.maps.registry import BUILT_IN
from perdition.pbs import command_line as pbs
from tools import gen_manual
from tools.manual.facts import DIFFERENCES, PERDITION_2_2
from tools.manual.markdown import Code, Heading, Item, Paragraph, Table, Term, blocks
from tools.manual.roff import inline, page

PAGES: Final = sorted(gen_manual.written())[1:]
MANUAL: Final = gen_manual.ROOT / gen_manual.PAGES
WITHOUT_PAGER: Final = {**os.environ, "LC_ALL": "C.UTF-8", "MANPAGER": "cat", "MANWIDTH": "80"}


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, capture_output=True, text=True, check=False, env=WITHOUT_PAGER, stdin=subprocess.DEVNULL
    )


def shown(name: str) -> str:
    """Give a page as a reader sees it, its blanks and line ends made one blank."""
    return " ".join(run("man", "-l", MANUAL / name).stdout.split())


def test_nothing_is_stale(capsys: pytest.CaptureFixture[str]) -> None:
    assert gen_manual.main(["--check"]) == 0
    assert capsys.readouterr().out == ""


def test_what_is_stale_is_named_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {Path("man") / "one.8": "one\n", Path("man") / "two.5": "two\n"}
    monkeypatch.setattr(gen_manual, "ROOT", tmp_path)
    monkeypatch.setattr(gen_manual, "written", lambda: files)
    (tmp_path / "man").mkdir()
    (tmp_path / "man" / "one.8").write_text("one\n")

    assert gen_manual.main(["--check"]) == 1
    assert capsys.readouterr().out == "stale: man/two.5\n"
    assert gen_manual.main([]) == 0
    assert capsys.readouterr().out == "written: man/two.5\n"
    assert gen_manual.main(["--check"]) == 0


def test_the_pages_are_there() -> None:
    assert [path.name for path in PAGES] == ["perdition-pbs.8", "perdition.8", "perdition.conf.5", "perditiondb.5"]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_reader_of_manual_pages_complains(path: Path) -> None:
    file = gen_manual.ROOT / path
    man = run("man", "--warnings", "-l", file)
    mandoc = run("mandoc", "-T", "lint", "-W", "warning", file)
    name = run("lexgrog", file)

    assert (man.returncode, man.stderr) == (0, "")
    assert len(man.stdout) > 1000
    assert (mandoc.returncode, mandoc.stdout + mandoc.stderr) == (0, "")
    assert name.returncode == 0, name.stdout
    assert f'"{path.stem} - ' in name.stdout


def test_the_readers_do_complain(tmp_path: Path) -> None:
    """Otherwise the test above would show nothing."""
    file = tmp_path / "bad.8"
    file.write_text(".TH BAD 8 2026-01-01\n.SH NAME\nbad\n.XX\n.PP\n.SH\n")

    assert run("man", "--warnings", "-l", file).stderr != ""
    assert run("mandoc", "-T", "lint", "-W", "warning", file).returncode != 0


def test_every_option_is_on_both_pages() -> None:
    manual = shown("perdition.8")
    reference = gen_manual.written()[gen_manual.REFERENCE]

    for name in (*OPTIONS, *(alias.name for alias in ALIASES)):
        assert f"--{name}" in manual
        assert f"\n### {name}\n" in reference


def test_every_kind_of_map_is_there() -> None:
    manual = shown("perditiondb.5")

    assert {*gen_manual.MAPS, *gen_manual.MAPS_OF_OTHERS} == set(BUILT_IN)
    assert all(f"The {kind} map" in manual for kind in BUILT_IN)


def test_what_is_said_of_perdition_2_2_is_said_of_options() -> None:
    assert set(DIFFERENCES) <= PERDITION_2_2
    assert set(DIFFERENCES) <= set(OPTIONS)


def source(name: str) -> str:
    return (gen_manual.ROOT / gen_manual.SOURCES / f"{name}.md").read_text()


def test_the_examples_of_files_are_files() -> None:
    conf, toml = re.findall(r"^```\n(.*?)^```$", source("perdition.conf.5"), re.DOTALL | re.MULTILINE)

    assert perdition_conf.read(conf.encode(), "x").errors == ()
    assert len(perdition_conf.read(conf.encode(), "x").given) == 6
    assert toml_file.read(toml.encode(), "x").errors == ()
    assert len(toml_file.read(toml.encode(), "x").listeners) == 3


def test_the_examples_of_commands_have_options() -> None:
    lines = "".join(re.findall(r"^```\n(.*?)^```$", source("perdition.8"), re.DOTALL | re.MULTILINE)).splitlines()

    assert len(lines) >= 4
    for line in lines:
        assert read(shlex.split(line.partition(" > ")[0])[1:]).errors == ()


def test_the_examples_of_perdition_pbs_have_its_options() -> None:
    codes = re.findall(r"^```\n(.*?)^```$", source("perdition-pbs.8"), re.DOTALL | re.MULTILINE)
    commands = [code.split()[code.split().index("perdition-pbs") :] for code in codes if "perdition-pbs" in code]
    read_as = [pbs.read(program, words) for program, *words in commands]

    assert [(settings.mode, settings.words) for settings in read_as] == [
        ("daemon", ()),
        ("list", ()),
        ("setenv", ("qmail-smtpd",)),
    ]


MARKDOWN: Final = """\
# One

Text of
two lines.
- an item
  that goes on
2. another

Term
: what it is,
and more

| a | b |
|---|---|
| 1 | `x\\|y` |

```sh
# no heading
```
    indented
"""


def test_blocks() -> None:
    assert list(blocks(MARKDOWN)) == [
        Heading(1, "One"),
        Paragraph("Text of two lines."),
        Item("-", "an item that goes on"),
        Item("2.", "another"),
        Term("Term", "what it is, and more"),
        Table(("a", "b"), (("1", "`x|y`"),)),
        Code(("# no heading",)),
        Code(("indented",)),
    ]


INLINES: Final = {
    "plain - text": "plain - text",
    r"a\b": r"a\eb",
    r"\\U": r"\eU",
    "`--a 'b'`": r"\fB\-\-a \(aqb\(aq\fR",
    "``a`b``": r"\fBa\(gab\fR",
    "**strong** and *em*": r"\fBstrong\fR and \fIem\fR",
    "`ldap://localhost/ou=mailbox,dc=nodomain a-b`": (r"\fBldap:\:/\:/\:localhost/\:ou=mailbox,\:dc=nodomain a\-b\fR"),
    "2 * 3 * 4": "2 * 3 * 4",
    "[a `page`](maps/gdbm.md)": r"a \fBpage\fR",
    "[site](http://x-y)": r"site <http://x\-y>",
    r"*\[FORM\]*": r"\fI[FORM]\fR",
}


@pytest.mark.parametrize(("text", "roff"), INLINES.items())
def test_inline(text: str, roff: str) -> None:
    assert inline(text) == roff


def test_a_page() -> None:
    lines = page(
        "a.conf", 5, "2026-01-02", "P 1", blocks("# Name\n\na - b\n\n## Two\n\n.x\n\n### Three\n\n```\n'y\\\n```\n")
    )

    assert lines.splitlines()[1:] == [
        '.TH A.CONF 5 2026-01-02 "P 1"',
        ".nh",
        ".ad l",
        ".SH NAME",
        r"a \- b",
        ".SS Two",
        r"\&.x",
        ".PP",
        r"\fBThree\fR",
        ".PP",
        ".RS 4",
        ".nf",
        r"\(aqy\e",
        ".fi",
        ".RE",
    ]


def test_tables_are_terms() -> None:
    table = "| a | b | |\n|---|---|---|\n| `k` | 1 | more |\n| l | | |\n"

    assert page("a", 5, "d", "s", blocks(table)).splitlines()[4:] == [
        ".TP",
        r"\fBk\fR",
        "b: 1; more",
        ".TP",
        "l",
        r"\&",
    ]
