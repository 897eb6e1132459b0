"""What a lookup costs in each kind of map, what building one costs, and whether a slow one disturbs anybody."""
