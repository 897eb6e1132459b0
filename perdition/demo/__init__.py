"""The demo: two small real servers in memory, and perdition-trio in front of them."""
