"""Where and with what a run was made: figures mean nothing without it."""

import os
import platform
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.launch import Target
from benchmarks.processes import RunError, run_command


def about(targets: Sequence[Target]) -> str:
    """Write it in a few lines."""
    lines = [
        f"{circumstances()}; the proxy on one core, load and fake real server on another.  "
        "Medians; ratios are medians of each round's.  CPU is that of all processes of a proxy.",
        "",
    ]
    lines += [f"- {target.name}: {target.title}{version_of(target)}" for target in targets]
    return "\n".join(lines) + "\n"


def circumstances() -> str:
    """Write the day, the processor, the kernel, and the Python that runs this and ours."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = models[0].partition(":")[2].strip() if models else platform.machine()
    cores = len(models) or len(os.sched_getaffinity(0))
    whose = "the distribution's " if sysconfig.get_config_var("BINDIR") == "/usr/bin" else ""
    return (
        f"{time.strftime('%Y-%m-%d')}, {cores} cores of {model}, Linux {platform.release()}, "
        f"{whose}Python {platform.python_version()}"
    )


def version_of(target: Target) -> str:
    """Give a target's version behind a comma, if there is one."""
    if not target.version:
        return ""
    try:
        return f", {run_command(target.version)}"
    except RunError:
        return ""
