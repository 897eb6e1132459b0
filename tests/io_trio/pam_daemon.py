"""The daemon as a process, with PAM's file in a folder of the tests: its name stands before the options."""

import functools
import sys

from perdition.io_trio import service
from perdition.io_trio.main import main
from perdition.io_trio.pam import Pam

if __name__ == "__main__":
    service.Pam = functools.partial(Pam, sys.argv.pop(1))  # type: ignore[assignment,attr-defined]  # all that differs
    main()
