"""The device while a model is measured: probes read ten times a second, a trace, and what it says in sum."""
