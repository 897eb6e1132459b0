"""`python -m perdition.map_tool`."""

from perdition.map_tool.main import main

main()
