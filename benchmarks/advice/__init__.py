"""How good the advice is: default jobs on many problems, beside an oracle, Adam as it comes, and Optuna.

Every loss that is compared is a mean over 200 fresh seeds or more that neither a job nor a peer ever had.
What was computed is kept in `.bench/advice.jsonl`, so that a run can be interrupted, repeated and extended.
"""

from benchmarks.advice.report import run

__all__ = ["run"]
