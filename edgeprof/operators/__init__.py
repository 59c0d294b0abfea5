"""Where the time of a model goes: operations and bytes of each node, its place under the roofline, what to try next."""
