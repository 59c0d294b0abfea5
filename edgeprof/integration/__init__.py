"""What it takes to put a model into an application: stated facts, each with its source or "not known"."""
