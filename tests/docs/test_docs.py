"""The documentation says what the code does."""

import doctest
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from perdition.session import effects
from perdition.session.outcomes import Outcome
from perdition.session.session import Phase

ROOT = Path(__file__).parent.parent.parent
FLOW = (ROOT / "docs" / "session-flow.md").read_text()


def test_the_examples_of_the_library_page_give_what_they_show() -> None:
    result = doctest.testfile(str(ROOT / "docs" / "library.md"), module_relative=False)

    assert result.attempted > 20
    assert result.failed == 0


def test_the_example_of_the_readme_runs() -> None:
    example = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert example is not None
    names: dict[str, object] = {}
    exec(example[1], names)  # noqa: S102  # that is the point

    assert names["octets"] == b"a1 OK welcome\r\n"


def test_the_flow_page_has_each_phase_with_its_wait_and_its_answers() -> None:
    rows = dict(re.findall(r"^\| ([A-Z_]+) \| `(\w+)", FLOW, re.MULTILINE))
    answers = {
        wait: set(re.findall(r"`(\w+)`", cell))
        for wait, cell in re.findall(r"^\| [A-Z_]+ \| `(\w+).*?` \| (.*?) \|", FLOW, re.MULTILINE)
    }

    assert set(rows) == {phase.name for phase in Phase} - {"OVER"}
    for wait, said in answers.items():
        possible = {answer.__name__ for answer in effects.ANSWERS[getattr(effects, wait)]}

        assert said <= possible


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.OK])
def test_the_flow_page_has_each_outcome(outcome: Outcome) -> None:
    assert f"`{outcome.status}`" in FLOW


def test_the_socket_example_serves_a_client() -> None:
    script = ROOT / "docs" / "examples" / "imap4_server.py"
    with subprocess.Popen(
        [sys.executable, str(script), "0"], stdout=subprocess.PIPE, text=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}
    ) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline().rpartition(" ")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client, client.makefile("rb") as answers:
            client.sendall(b"a LOGIN {5}\r\n")
            greeting, go_on = answers.readline(), answers.readline()
            client.sendall(b'alice "wonderland"\r\nb SELECT inbox\r\nc LOGOUT\r\n')
            rest = answers.read()
        server.terminate()

    assert greeting == b"* OK [CAPABILITY IMAP4rev1] ready\r\n"
    assert go_on == b"+ go on\r\n"
    assert rest == b"a OK LOGIN\r\nb NO not in this example\r\n* BYE see you\r\nc OK LOGOUT\r\n"
