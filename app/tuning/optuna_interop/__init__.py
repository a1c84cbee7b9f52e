"""Stored trials as trials of Optuna, for its importances, its storage files and its dashboard."""
