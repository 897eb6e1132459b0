"""A process about to become another one: it takes its place first.  Run by processes.py as a script.

Arguments: the cores, the soft limit of descriptors (0: the hard one), the gate of its account or nothing, the command.
"""

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Final

PR_SET_PDEATHSIG: Final = 1


def main() -> None:
    """Become the command; it ends when whoever started it does."""
    cores, descriptors, gate, *command = sys.argv[1:]
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if gate:
        Path(gate).write_text("0")
    os.sched_setaffinity(0, [int(core) for core in cores.split(",")])
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(int(descriptors), most) or most, most))
    try:
        os.execvp(command[0], command)  # noqa: S606  # that is the point
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
