"""Every test function against PyTorch: its value and its derivatives by autograd (`make parity`)."""

from __future__ import annotations

import numpy as np
import pytest

from app.engine.objectives.functions import FUNCTIONS

torch = pytest.importorskip("torch")

from tests.support.parity.torch_functions import TORCH_FUNCTIONS  # noqa: E402 - it imports torch

CASES = [
    pytest.param(kind, dimension, id=f"{kind} {dimension}")
    for kind, cls in FUNCTIONS.items()
    for dimension in (1, 2, 3, 10)
    if cls.wrong_dimension(dimension) is None
]
# Of the largest number in the sums: PyTorch's order and ours round apart, and the literature's forms cancel.
TOLERANCE = 1e-12


def test_no_function_is_left_out_and_none_is_left_over() -> None:
    assert list(TORCH_FUNCTIONS) == list(FUNCTIONS)


@pytest.mark.parametrize(("kind", "dimension"), CASES)
def test_value_gradient_and_hessian_are_those_of_pytorch(kind: str, dimension: int) -> None:
    function, reference = FUNCTIONS[kind](), TORCH_FUNCTIONS[kind]
    x = np.random.default_rng(3).uniform(*function.domain, size=(20, dimension))
    gradients = np.empty_like(x)
    function.gradient(x, gradients)
    values, hessians = function.value(x), function.hessian(x)
    for row in range(len(x)):
        point = torch.tensor(x[row], requires_grad=True)
        value = reference(point)
        (gradient,) = torch.autograd.grad(value, point)
        hessian = torch.autograd.functional.hessian(reference, point.detach()).numpy()
        assert values[row] == pytest.approx(value.item(), rel=TOLERANCE, abs=1e-12)
        scale = np.abs(hessian).max()
        np.testing.assert_allclose(
            gradients[row],
            gradient.numpy(),
            rtol=0,
            atol=TOLERANCE * max(np.abs(gradient.numpy()).max(), scale),
        )
        # Central differences if a function has no formula for it: half of the digits at best.
        np.testing.assert_allclose(hessians[row], hessian, rtol=0, atol=1e-6 * scale)
