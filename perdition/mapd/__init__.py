"""The command `perdition-mapd`: our maps for the daemon map of perdition 2.2, and for ours."""
