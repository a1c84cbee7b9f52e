"""Networks for a block of rows: shapes, layers, and the forward and backward passes."""
