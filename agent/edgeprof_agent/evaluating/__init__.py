"""An evaluation as a run: one request and one set to one result. `evaluate.py` has the call; light, for the agent.

from edgeprof_agent.evaluating.evaluate import evaluate
result, artifacts = evaluate(request, set_folder, journal_path, on_progress, cancelled)
"""
