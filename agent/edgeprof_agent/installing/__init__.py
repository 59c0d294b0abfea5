"""Puts the agent on a device, joins it to a hub, replaces it by a newer one, and takes it away.

The standard library alone: it also runs from the wheel file that the hub's installer fetches, before anything is
installed.
"""
