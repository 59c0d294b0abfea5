"""The fleet: how each device fares, what a person does with many at once, and notices of its troubles."""
