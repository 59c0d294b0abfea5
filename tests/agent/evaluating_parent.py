"""A program that evaluates with a slow worker, to be killed: its arguments are model, set, journal and mode."""

import sys
import threading
from pathlib import Path

from edgeprof_agent.evaluating.evaluate import evaluate
from tests.agent.evaluation_sets import evaluation_request, misanswering
from tests.agent.measuring import unheard

model, folder, journal = (Path(argument) for argument in sys.argv[1:4])
request = evaluation_request(model, "onnxruntime", folder)
evaluate(request, folder, journal, unheard, threading.Event(), misanswering(sys.argv[4]))
