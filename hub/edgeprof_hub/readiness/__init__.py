"""Which model on which device is ready for a service level, from what the hub has measured."""
