"""Dense networks for a block of rows: shapes, layers, activations, losses, curvature."""
