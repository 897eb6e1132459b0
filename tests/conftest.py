"""What holds for every test: Hypothesis profiles, no skips in CI, and who gets a second try."""

import os
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

# Their cases drive programs that are not ours, each with a patience of its own; the others have no second try.
# (tests/compat gives its cases one by itself.)
WITH_OTHERS: Final = ("interop", "io_trio", "maps/network", "mapd", "packaging", "pbs", "soak")
IN_CI = os.environ.get("CI", "") not in ("", "0", "false")

# No deadline and no complaint about slowness: a busy machine is not a bug in the code under test.
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, print_blob=True)
settings.register_profile("night", settings.get_profile("dev"), max_examples=10_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if IN_CI else "dev"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give what drives other programs a second try, if other tests run beside it; the summary names who took it."""
    if not hasattr(config, "workerinput"):
        return
    folders = [Path(__file__).parent / folder for folder in WITH_OTHERS]
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in folders):
            item.add_marker(pytest.mark.flaky(reruns=1))


def fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure: in CI everything that the tests need must be there."""
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
    report.outcome = "failed"
    report.longrepr = f"{report.nodeid}: in CI a skipped test is a failed one ({reason})"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if IN_CI:
        fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if IN_CI:
        fail_if_skipped(report)
    return report
