"""Whether a core is free to prepare the next items, from the kernel's own counts."""

import subprocess
import sys
import textwrap

from edgeprof_agent.worker.evaluation.idle_cores import idle_ticks

STAT = b"""cpu  30 0 30 900 60 0 0 0 0 0
cpu0 10 0 10 300 20 0 0 0 0 0
cpu1 10 0 10 300 20 0 0 0 0 0
cpu10 10 0 10 300 20 0 0 0 0 0
intr 5 0 0
"""


def test_only_the_named_cores_count_and_waiting_for_a_disk_is_idle() -> None:
    assert idle_ticks(STAT, {0, 1}) == 640
    assert idle_ticks(STAT, {1}) == 320
    assert idle_ticks(STAT, set()) == 0


def test_a_process_on_its_own_core_has_no_more_idle_cores_than_that_one() -> None:
    program = """
        import os
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        from edgeprof_agent.worker.evaluation.idle_cores import idle_cores
        print(idle_cores())
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True)
    assert 0 <= float(done.stdout) <= 1.3


def test_a_core_that_works_is_not_idle() -> None:
    program = """
        import os, threading
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        from edgeprof_agent.worker.evaluation.idle_cores import idle_cores
        def work():
            while True:
                sum(range(1000))
        threading.Thread(target=work, daemon=True).start()
        print(idle_cores(0.3))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 0.2
