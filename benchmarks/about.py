"""Where and with what a run was made: figures mean nothing without it."""

import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.launch import Target
from benchmarks.processes import RunError, run_command


def about(targets: Sequence[Target]) -> str:
    """Write it in a few lines."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = models[0].partition(":")[2].strip() if models else platform.machine()
    lines = [
        f"{time.strftime('%Y-%m-%d')}, {len(os.sched_getaffinity(0)) if not models else len(models)} cores of {model}, "
        f"Linux {platform.release()}, Python {platform.python_version()}; the proxy on one core, load and fake real "
        "server on another.  Medians; ratios are medians of each round's.  CPU is that of all processes of a proxy.",
        "",
    ]
    lines += [f"- {target.name}: {target.title}{version_of(target)}" for target in targets]
    return "\n".join(lines) + "\n"


def version_of(target: Target) -> str:
    """Give a target's version behind a comma, if there is one."""
    if not target.version:
        return ""
    try:
        return f", {run_command(target.version)}"
    except RunError:
        return ""
