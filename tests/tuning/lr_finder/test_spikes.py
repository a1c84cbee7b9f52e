"""Which losses of a range test stand apart from those around them."""

from __future__ import annotations

import numpy as np

from app.tuning.lr_finder.spikes import spikes


def test_losses_that_stay_high_are_no_spikes() -> None:
    grows = np.concatenate([np.linspace(1.0, 0.5, 60), 0.5 * 10.0 ** np.arange(1, 41)])
    assert spikes(grows).tolist() == []
    stays = np.concatenate([np.linspace(1.0, 0.5, 60), np.full(40, 50.0)])
    assert spikes(stays).tolist() == []
    assert spikes(np.append(np.linspace(1.0, 0.5, 60), 50.0)).tolist() == []


def test_two_losses_apart_are_a_spike_and_noise_is_none() -> None:
    noise = np.random.default_rng(1).normal(scale=0.3, size=200)
    assert spikes(np.exp(noise)).tolist() == []
    assert spikes(noise).tolist() == []
    noise[[70, 71]] = 60.0
    assert spikes(noise).tolist() == [70, 71]
