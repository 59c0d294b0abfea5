"""`python -m edgeprof`: the one command, for a caller that knows its interpreter and no PATH."""

from edgeprof.cli import main

main()
