"""The commands about maps: perdition-map, makegdbm and makebdb."""
