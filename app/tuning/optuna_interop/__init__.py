"""Stored trials as Optuna's own, for its importances, its files and its dashboard."""
