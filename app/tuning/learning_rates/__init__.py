"""The sweep over the peak learning rate, and the safe range that it gives."""
