"""Whether a model fits a device, before anything is sent."""
