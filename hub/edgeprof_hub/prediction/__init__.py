"""Predictions for cells that nobody has measured, and how they were scored against measurements."""
