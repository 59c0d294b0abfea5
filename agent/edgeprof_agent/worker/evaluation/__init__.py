"""One model, one evaluation set: from stored items to judged answers. `table.py` has a line for each task."""
