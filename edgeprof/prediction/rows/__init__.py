"""The frozen public rows that predictions are scored on: data and rule beside this file."""
