"""How items are made from the files of a package: pure functions of bytes, the same on every machine."""
