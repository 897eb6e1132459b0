"""`python -m perdition.io_trio`."""

from perdition.io_trio.main import main

main()
