"""Every model, loss, activation and initialisation against PyTorch and its autograd (`make parity`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from app.engine.activations import ACTIVATIONS
from app.engine.initialisations import INITIALISATIONS
from app.engine.losses import LOSSES
from app.engine.models import MODELS, Model
from tests.support.batches import suited_to, supervised_problem
from tests.support.network_cases import CASES, ROWS, random_settings

torch = pytest.importorskip("torch")

from tests.support.parity.torch_networks import (  # noqa: E402 - it imports torch
    TORCH_ACTIVATIONS,
    TORCH_INITIALISATIONS,
    TORCH_LOSSES,
    TORCH_MODELS,
    torch_loss,
)

# PyTorch adds in another order: some units in the last place, and as many for each layer.
RTOL, ATOL = 1e-10, 1e-13


@pytest.mark.parametrize(
    ("reference", "registry"),
    [
        (TORCH_ACTIVATIONS, ACTIVATIONS),
        (TORCH_INITIALISATIONS, INITIALISATIONS),
        (TORCH_LOSSES, LOSSES),
        (TORCH_MODELS, MODELS),
    ],
    ids=["activations", "initialisations", "losses", "models"],
)
def test_nothing_is_left_out_and_nothing_is_left_over(reference: Any, registry: Any) -> None:
    assert list(reference) == list(registry)


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_an_activation_and_its_derivative_are_those_of_pytorch(kind: str) -> None:
    points = np.concatenate([np.linspace(-30, 30, 4001), np.random.default_rng(0).normal(size=1000), [0.0]])
    activation = ACTIVATIONS[kind]()
    values, delta = points.copy(), np.ones_like(points)
    slope = np.empty_like(points) if activation.keeps_slope else None
    activation.forward(values, slope, [np.empty_like(points) for _ in range(activation.scratch)])
    derivatives = values.copy()  # on the way back they are spent
    activation.backward(values, slope, delta)
    x = torch.tensor(points, requires_grad=True)
    expected = TORCH_ACTIVATIONS[kind](x)
    expected.sum().backward()
    # PyTorch's own error function loses digits where the tail is small.
    np.testing.assert_allclose(derivatives, expected.detach().numpy(), rtol=1e-13, atol=2e-15)
    np.testing.assert_allclose(delta, x.grad.numpy(), rtol=1e-13, atol=2e-15)


@pytest.mark.parametrize(("model", "loss"), CASES)
def test_losses_and_gradients_of_runs_with_individual_settings_are_those_of_pytorch(
    model: Model, loss: Any
) -> None:
    objective = suited_to(model, loss)
    random = np.random.default_rng(5)
    settings = random_settings(objective, random)
    problem = supervised_problem(objective)
    x = problem.start() + 0.1 * random.normal(size=(ROWS, objective.dimension))
    gradients, losses = np.zeros_like(x), np.zeros(ROWS)
    workspace = objective.workspace([problem] * ROWS, x, gradients, settings)
    problem.draw(1)
    workspace.evaluate(0, losses)
    shape = model.architecture(objective.sizes or objective.inputs.shape[1:], objective.classes or 1)
    for row in range(ROWS):
        values = {name: float(column[row, 0]) for name, column in settings.items()}
        point = torch.tensor(x[row], requires_grad=True)
        expected = torch_loss(point, model, objective.trained_loss, shape, problem, values)
        expected.backward()
        assert losses[row] == pytest.approx(expected.item(), rel=RTOL)
        np.testing.assert_allclose(gradients[row], point.grad.numpy(), RTOL, ATOL)


@pytest.mark.parametrize(("units", "inputs"), [(300, 100), (100, 300)])
@pytest.mark.parametrize("kind", INITIALISATIONS)
def test_an_initialisation_draws_weights_as_pytorch_does(kind: str, units: int, inputs: int) -> None:
    """By a two-sample Kolmogorov-Smirnov test on 30,000 weights: of one in 10,000 seeds it would fail."""
    drawn = INITIALISATIONS[kind]().draw(np.random.default_rng(7), units, inputs)
    torch.manual_seed(7)
    weights = torch.empty(units, inputs, dtype=torch.float64)
    with torch.no_grad():
        TORCH_INITIALISATIONS[kind](weights)
    assert stats.ks_2samp(drawn[:, :-1].ravel(), weights.numpy().ravel()).pvalue > 1e-4
    scale = drawn[:, :-1].std() / weights.numpy().std()
    assert scale == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("kind", INITIALISATIONS)
def test_biases_are_those_of_a_linear_layer_or_zero(kind: str) -> None:
    biases = INITIALISATIONS[kind]().draw(np.random.default_rng(8), 5000, 9)[:, -1]
    if kind != "pytorch":
        assert not biases.any()
        return
    torch.manual_seed(8)
    assert stats.ks_2samp(biases, torch.nn.Linear(9, 5000).bias.detach().numpy()).pvalue > 1e-4


@pytest.mark.parametrize(("units", "inputs"), [(6, 9), (9, 6), (7, 7)])
def test_orthogonal_weights_are_orthonormal_in_their_shorter_direction(units: int, inputs: int) -> None:
    weights = INITIALISATIONS["orthogonal"]().draw(np.random.default_rng(9), units, inputs)[:, :-1]
    gram = weights @ weights.T if units <= inputs else weights.T @ weights
    np.testing.assert_allclose(gram, np.eye(min(units, inputs)), atol=1e-14)
