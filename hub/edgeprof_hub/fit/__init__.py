"""Whether a model of this hub fits a device, before it is sent; and the prediction beside what was measured."""
