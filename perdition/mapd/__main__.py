"""`python -m perdition.mapd`."""

from perdition.mapd.main import main

main()
