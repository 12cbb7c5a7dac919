"""The pieces of work that are timed: data, a mixture, and a start that all share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

import mixnotes as mx


@dataclass(frozen=True)
class Work:
    """EM from one start for a fixed number of steps."""

    name: str
    n: int
    k: int
    d: int = 1
    kind: str = "normal"  # "normal", "full", "diagonal", "bernoulli", "poisson"
    steps: int = 20
    least: float = 0.0  # how many times scikit-learn's speed is asked for

    @property
    def p(self) -> int:
        """Statistics an observation."""
        full = self.d + self.d * (self.d + 1) // 2
        return {"normal": 2, "full": full, "diagonal": 2 * self.d}.get(self.kind, 1)

    @property
    def is_compressed(self) -> bool:
        """Do a few distinct values repeat very often?"""
        return self.kind in ("bernoulli", "poisson")

    @cached_property
    def places(self):
        """The true means or rates, (K, d)."""
        rng = np.random.default_rng(0)
        if self.kind == "bernoulli":
            return np.array([[0.8], [0.3]])
        if self.kind == "poisson":
            return np.array([[1.0], [4.0], [12.0]])
        # As much overlap in many columns as in one: nobody converges in a few steps.
        return rng.normal(0, 3 / self.d**0.5, (self.k, self.d))

    @cached_property
    def x(self):
        """The data, (n,) or (n, d)."""
        rng = np.random.default_rng(1)
        at = self.places[rng.integers(0, self.k, self.n)]
        if self.kind == "bernoulli":
            return (rng.random(self.n) < at[:, 0]).astype(float)
        if self.kind == "poisson":
            return rng.poisson(at[:, 0]).astype(float)
        x = at + rng.normal(size=(self.n, self.d))
        return x[:, 0] if self.kind == "normal" else x

    @cached_property
    def first(self):
        """Where everyone starts: means or rates, (K, d); weights equal, spreads 1."""
        rng = np.random.default_rng(2)
        if self.kind == "bernoulli":
            return self.places
        if self.kind == "poisson":
            return self.places * [[1.2], [0.8], [1.1]]
        return self.places + rng.normal(0, 0.3 / self.d**0.5, self.places.shape)

    @property
    def model(self) -> mx.Mixture:
        """What is fitted."""
        if self.kind == "bernoulli":
            return mx.Mixture([mx.Bernoulli(p) for p in self.places[:, 0]])
        if self.kind == "poisson":
            return mx.Mixture(self.k * [mx.Poisson()])
        if self.kind == "normal":
            return mx.Mixture(self.k * [mx.Normal()])
        return mx.gaussian_mixture(self.k, self.kind)

    @property
    def start(self) -> mx.Mixture:
        """The start as a mixture."""
        if self.kind == "bernoulli":
            parts = [mx.Bernoulli(p) for p in self.first[:, 0]]
        elif self.kind == "poisson":
            parts = [mx.Poisson(r) for r in self.first[:, 0]]
        elif self.kind == "normal":
            parts = [mx.Normal(m, 1.0) for m in self.first[:, 0]]
        else:
            one = np.eye(self.d)
            parts = [mx.MultivariateNormal(m, one, self.kind) for m in self.first]
        return mx.Mixture(parts, np.full(self.k, 1 / self.k))


WORKS = [
    Work("normals on the line", 10**6, 5, least=18),
    Work("plane, full", 10**5, 10, 2, "full", least=18),
    Work("16 columns, full", 10**5, 16, 16, "full", least=6.5),
    Work("64 columns, diagonal", 20_000, 32, 64, "diagonal", 40, least=2.2),
    Work("4 columns, full", 10**6, 8, 4, "full", least=15),
    Work("small: 300 on the line", 300, 2, steps=500, least=20),
    Work("two known coins", 10**6, 2, 1, "bernoulli"),
    Work("three Poissons", 10**6, 3, 1, "poisson"),
]
