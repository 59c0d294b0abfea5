"""How fast an unmeasured pair of model and device would be."""
