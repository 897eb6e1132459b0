"""`python -m perdition.pbs`."""

from perdition.pbs.main import main

main()
