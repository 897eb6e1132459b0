"""Makes the manual pages and the reference of options, from the tables of the program and from Markdown."""
