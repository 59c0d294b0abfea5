"""Evaluation sets that edgeprof knows by name: fetched from published packages by recipe, or shipped."""
