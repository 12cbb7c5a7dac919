"""Coefficients that several regressions share, learned with all others at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mixnotes.components.belief import is_blank
from mixnotes.numeric.arrays import Array
from mixnotes.numeric.newton import Slopes, newton

_LONGEST = 8.0  # a step, as it changes the linear predictor of a usual row


class SharedLines:
    """K regressions of one concave family, as a function of all that they leave blank.

    What is shared is one coordinate. Coordinates are about the mean of the predictors,
    where every regression has an intercept of its own, and of the size that a usual row
    gives them.
    """

    def __init__(self, templates: Sequence[Any], x: Array, shares: Array) -> None:
        self.templates, self.y = list(templates), templates[0]._targets(x)
        self.share = shares / max(float(shares.sum()), 1e-300)  # (K, n)
        self.density = templates[0].log_density(self.y)
        predictors = templates[0]._predictors(x)
        self.matrix = np.ones((len(x), 1 + predictors.shape[1]))  # first the intercept
        self.centre = np.zeros(predictors.shape[1])
        if all("intercept" in set(t.blanks) - set(t.shares) for t in templates):
            weight = self.share.sum(axis=0)
            self.centre = weight @ predictors / weight.sum()
        np.subtract(predictors, self.centre, out=self.matrix[:, 1:])
        keys: dict[Any, int] = {}
        self.places = []  # of each regression: which column, and which coordinate
        for k, template in enumerate(self.templates):
            named = enumerate(template.named.items())
            blank = [(j, name) for j, (name, value) in named if is_blank(value)]
            here = [template.shares.get(name, (k, name)) for _, name in blank]
            columns = np.array([j for j, _ in blank], dtype=np.intp)
            found = [keys.setdefault(key, len(keys)) for key in here]
            self.places.append((columns, np.array(found, dtype=np.intp)))
        square = np.zeros(len(keys))
        for (columns, order), share in zip(self.places, self.share, strict=True):
            square[order] += share @ self.matrix[:, columns] ** 2
        self.size = np.sqrt(np.where(square > 0, square, 1.0))

    def climbed(self, starts: Sequence[Any]) -> list[Any]:
        """The regressions where their weighted log-likelihood is highest."""
        begin = np.zeros(len(self.size))
        self.known = [np.array(list(s.named.values())) for s in starts]
        for line, (columns, order) in zip(self.known, self.places, strict=True):
            line[0] += line[1:] @ self.centre
            begin[order] = line[columns] * self.size[order]
        top = newton(self._height, self._slopes, begin, _LONGEST)
        found = []
        for k, template in enumerate(self.templates):
            line = self._line(k, top)
            line[0] -= line[1:] @ self.centre
            values = line[self.places[k][0]].tolist()
            found.append(
                template.filled(dict(zip(template.blanks, values, strict=True)))
            )
        return found

    def _line(self, k: int, at: Array) -> Array:
        """The intercept and the coefficients of one regression, (1 + p,)."""
        line: Array = self.known[k].copy()
        columns, order = self.places[k]
        line[columns] = at[order] / self.size[order]
        return line

    def _height(self, at: Array) -> float:
        """The mean weighted log-likelihood."""
        total = 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            for k, template in enumerate(self.templates):
                eta = self.matrix @ self._line(k, at)
                total += float(self.share[k] @ self.density(eta, template))
        return total if math.isfinite(total) else -math.inf

    def _slopes(self, at: Array) -> Slopes:
        """Its gradient and second derivatives."""
        first, second = np.zeros(len(at)), np.zeros((len(at), len(at)))
        for k, template in enumerate(self.templates):
            columns, order = self.places[k]
            rows = self.matrix[:, columns].T
            mean = template.mean_of(self.matrix @ self._line(k, at))
            gap, spread = template._working(self.y, mean)
            first[order] += rows @ (self.share[k] * gap)
            bend = self.share[k] * spread
            second[np.ix_(order, order)] -= (rows * bend) @ rows.T
        return Slopes(first / self.size, second / np.outer(self.size, self.size))
