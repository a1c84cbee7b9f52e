"""The search: Optuna and statistics over the engine's batches. No database, no HTTP, no clock."""
