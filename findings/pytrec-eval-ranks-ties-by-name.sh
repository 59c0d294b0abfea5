#!/usr/bin/env bash
# Guess:   a retrieval measure of equal scores depends on the scores alone, or on the order in which they were given.
# Reality: trec_eval's rule: equal scores are ranked by document name, backwards. The same scores give a reciprocal rank of
#          1 or 1/3 by what the right document is called. Scores are compared in single precision, so that doubles which
#          differ in the eighth digit are equal, too. scikit-learn averages over the orders of a tie.
# Version: pytrec-eval-terrier 0.5.11, scikit-learn 1.9.1. Source: seen by running.
# Hurt:    who compares embeddings in few bits: their scores are often equal, and a new scheme of names then moves nDCG.
set -euo pipefail
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check pytrec-eval-terrier==0.5.11 scikit-learn==1.9.1 numpy==2.4.6 2>/dev/null
cat > "$t/p.py" <<'P'
import pytrec_eval
from sklearn.metrics import ndcg_score
def reciprocal_rank(right, scores):
    return pytrec_eval.RelevanceEvaluator({"q": {right: 1}}, {"recip_rank"}).evaluate({"q": scores})["q"]["recip_rank"]
first = reciprocal_rank("z", {"z": 1.0, "b": 1.0, "c": 1.0})
last = reciprocal_rank("a", {"a": 1.0, "b": 1.0, "c": 1.0})
near = reciprocal_rank("a", {"a": 1.00000001, "b": 1.0})
print("right document named z:", first, "| named a:", round(last, 4), "| named a, higher in the eighth digit:", near)
print("scikit-learn, nDCG of the tie:", round(ndcg_score([[1, 0, 0]], [[1.0, 1.0, 1.0]]), 4))
assert (first, round(last, 4), near) == (1.0, 0.3333, 0.5)
P
"$t/v/bin/python" "$t/p.py"
# Seen: right document named z: 1.0 | named a: 0.3333 | named a, higher in the eighth digit: 0.5
#       scikit-learn, nDCG of the tie: 0.7103
