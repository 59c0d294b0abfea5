"""`python -m edgeprof_agent.worker FD`: one model, one process, standard library only."""

import sys

from edgeprof_agent.worker.main import main

sys.exit(main(sys.argv[1:]))
