"""`python -m perdition.conformance`."""

from perdition.conformance.main import main

main()
