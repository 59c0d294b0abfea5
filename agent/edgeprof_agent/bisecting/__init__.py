"""What measures the builds of a search on this machine."""
