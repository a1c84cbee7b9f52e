"""Stepsize: tunes optimizers and recommends learning-rate schedules, with the evidence."""

import os

# One BLAS thread in every process, set before NumPy loads: the processes are the parallelism, and the
# values of a job must not depend on how many threads a machine's BLAS would take.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
