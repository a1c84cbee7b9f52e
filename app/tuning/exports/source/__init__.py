"""Python source of optimizers and schedules, which the formats put together."""
