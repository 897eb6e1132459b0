"""Our daemon beside the C program, perdition 2.2: what users, clients and scripts see is the same, or in the table."""

import pytest

from tests.compat.case import Case
from tests.compat.cases import CASES
from tests.compat.compare import NoCProgram, Verdict, compare, playable

# All cases are played at once when the first is asked for: pauses of 3 s overlap.
pytestmark = [pytest.mark.interop, pytest.mark.timeout(3000)]


@pytest.fixture(scope="module")
def verdicts(request: pytest.FixtureRequest) -> dict[str, Verdict]:
    chosen = [
        item.callspec.params["case"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.originalname == "test_case" and hasattr(item, "callspec")
    ]
    try:
        return compare(playable(case for case in chosen if isinstance(case, Case)))
    except NoCProgram as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_case(case: Case, verdicts: dict[str, Verdict]) -> None:
    if case.id not in verdicts:
        pytest.skip("needs the right to have mount name spaces (CAP_SYS_ADMIN)")
    verdict = verdicts[case.id]

    assert not verdict.wrong, verdict.explanation()
