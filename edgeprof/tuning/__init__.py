"""Finding the settings that suit a model on a machine: what can be tried, in which order, and what came of it. Pure."""
