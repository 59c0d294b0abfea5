"""Devices that join: the hub's package index, its installer, and what each kind of device needs."""
