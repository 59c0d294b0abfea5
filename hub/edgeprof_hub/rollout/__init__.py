"""One model to many devices, in ordered groups that start one after the other."""
