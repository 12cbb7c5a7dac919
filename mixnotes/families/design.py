"""The columns of a regression, and weighted least squares on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixnotes.components.belief import is_blank
from mixnotes.data.check import CollapseError
from mixnotes.numeric.arrays import Array


class Design:
    """A design matrix: the columns of the blank coefficients, and beside it what the
    known coefficients add to the linear predictor.
    """

    def __init__(self, matrix: Array, offset: Array, names: list[str], constant: bool):
        self.matrix, self.offset = matrix, offset  # (n, q), (n,)
        self.names, self.constant = names, constant

    @classmethod
    def of(cls, coef: Mapping[str, Any], intercept: Any, x: Array) -> Design:
        """The design of the columns of the predictors, (n, q)."""
        offset = np.zeros(len(x))
        columns, names = [], []
        constant = is_blank(intercept)
        if constant:
            columns.append(np.ones(len(x)))
        else:
            offset += intercept
        for column, (name, value) in zip(x.T, coef.items(), strict=True):
            if is_blank(value):
                columns.append(column)
                names.append(name)
            else:
                offset += value * column
        matrix = np.array(columns).T.reshape(len(x), len(columns))
        return cls(matrix, offset, names, constant)

    def part(self, rows: NDArray[np.bool_]) -> Design:
        """The design of some of the rows."""
        return Design(self.matrix[rows], self.offset[rows], self.names, self.constant)

    def solve(self, values: Array, weight: Array) -> Array:
        """Weighted least squares, shape (q,)."""
        if not self.matrix.shape[1]:
            return np.zeros(0)
        root = np.sqrt(weight)
        matrix, centre = self.matrix, np.zeros(self.matrix.shape[1])
        if self.constant:  # predictors far from 0 are nearly constant themselves
            centre[1:] = weight @ matrix[:, 1:] / weight.sum()
            matrix = matrix - centre
        rows = matrix * root[:, None]
        size = np.linalg.norm(rows, axis=0)
        level = size <= 1e-12 * np.abs(centre) * np.linalg.norm(root)
        rows[:, level], size[level] = 0.0, 1.0  # what is left there is rounding
        found, _, rank, _ = np.linalg.lstsq(rows / size, values * root, rcond=1e-12)
        if rank < len(size):
            raise CollapseError(
                "a regression collapsed: its predictors "
                f"{self.names} do not vary apart from each other in the rows that "
                "carry it; use fewer components or fewer predictors"
            )
        coefficients: Array = found / size
        if self.constant:
            coefficients[0] -= coefficients[1:] @ centre[1:]
        return coefficients

    def determines(self) -> bool:
        """True where these rows alone determine every coefficient."""
        if not self.matrix.shape[1]:
            return True
        n = len(self.matrix)
        if n == 0:
            return False
        try:
            self.solve(np.zeros(n), np.ones(n))
        except CollapseError:
            return False
        return True
