"""Each package in its own words: the same start, the same number of plain EM steps.

A peer prepares a work and gives back a function to be timed; what that returns is read
by `mixture` as a `mixnotes.Mixture`, so that all are judged by one log-likelihood.
Tolerances are set so that nobody stops early.
"""

from __future__ import annotations

import warnings

import numpy as np

import mixnotes as mx


class Unfit(Exception):
    """The package cannot do this work, and why."""


def mixnotes(work):
    model, start, x = work.model, work.start, work.x
    options = {"tol": 1e-15, "max_iter": work.steps, "accelerate": False}
    return lambda: mx.em(model, x, start=start, **options), lambda fit: fit.mixture


def sklearn(work):
    from sklearn.mixture import GaussianMixture

    if work.kind not in ("normal", "full", "diagonal"):
        raise Unfit("normals only")
    diagonal = work.kind == "diagonal"
    one = np.ones(work.d) if diagonal else np.eye(work.d)
    x = work.x.reshape(work.n, work.d)

    def run():
        model = GaussianMixture(
            work.k,
            covariance_type="diag" if diagonal else "full",
            tol=0,
            reg_covar=0,
            max_iter=work.steps,
            init_params="random_from_data",
            weights_init=np.full(work.k, 1 / work.k),
            means_init=work.first,
            precisions_init=np.array(work.k * [one]),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it did not converge
            return model.fit(x)

    def mixture(model):
        return gaussian(model.weights_, model.means_, model.covariances_)

    return run, mixture


def pomegranate(work):
    import torch
    from pomegranate.distributions import Normal, Poisson
    from pomegranate.gmm import GeneralMixtureModel

    if work.kind == "bernoulli":
        raise Unfit("components cannot be held fixed while weights are learned")
    first = torch.tensor(work.first, dtype=torch.float64)
    x = torch.tensor(work.x.reshape(work.n, work.d))

    def run():
        if work.kind == "poisson":
            parts = [Poisson(rate.clone()) for rate in first]
        elif work.kind == "diagonal":
            one = torch.ones(work.d, dtype=torch.float64)
            parts = [Normal(m.clone(), one.clone(), "diag") for m in first]
        else:
            one = torch.eye(work.d, dtype=torch.float64)
            parts = [Normal(m.clone(), one.clone()) for m in first]
        priors = torch.full((work.k,), 1 / work.k, dtype=torch.float64)
        model = GeneralMixtureModel(
            parts, priors=priors, tol=-np.inf, max_iter=work.steps
        )
        return model.fit(x)

    def mixture(model):
        parts = model.distributions
        weights = model.priors.numpy().astype(float)
        if work.kind == "poisson":
            rates = [float(part.lambdas[0]) for part in parts]
            return mx.Mixture([mx.Poisson(r) for r in rates], weights / weights.sum())
        means = [part.means.numpy() for part in parts]
        return gaussian(weights, means, [part.covs.numpy() for part in parts])

    return run, mixture


def tgmm(work):
    import torch
    from tgmm import GaussianMixture

    if work.kind not in ("normal", "full", "diagonal"):
        raise Unfit("normals only")
    first = torch.tensor(work.first, dtype=torch.float64)
    x = torch.tensor(work.x.reshape(work.n, work.d))
    one = torch.ones(work.k, work.d, dtype=torch.float64)
    if work.kind != "diagonal":
        one = torch.eye(work.d, dtype=torch.float64).repeat(work.k, 1, 1)

    def run():
        model = GaussianMixture(
            work.k,
            covariance_type="diag" if work.kind == "diagonal" else "full",
            max_iter=work.steps,
            tol=1e-300,
            reg_covar=0.0,
            init_means=first,
            init_weights=torch.full((work.k,), 1 / work.k, dtype=torch.float64),
            init_covariances=one,
            device="cpu",
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return model.fit(x)

    def mixture(model):
        return gaussian(*(np.asarray(v) for v in (model.weights_, model.means_)),
                        np.asarray(model.covariances_))  # fmt: skip

    return run, mixture


def mixem(work):
    import mixem as package

    if work.kind != "normal":
        raise Unfit("one column of normals; several need n x n numbers, no Poisson")
    first = work.first[:, 0]

    def run():
        return package.em(
            work.x,
            [package.distribution.NormalDistribution(m, 1.0) for m in first],
            initial_weights=np.full(work.k, 1 / work.k),
            max_iterations=work.steps - 1,
            tol=-np.inf,
            progress_callback=None,
        )

    def mixture(found):
        weights, parts, _ = found
        parts = [mx.Normal(float(p.mu), float(p.sigma)) for p in parts]
        return mx.Mixture(parts, weights / weights.sum())

    return run, mixture


def plain_numpy(work):
    """What a reader would write first: (n, K) arrays, log-sum-exp, one row an
    observation, and hmmlearn and its like at heart."""
    x = work.x
    if work.kind in ("full", "diagonal"):
        raise Unfit("written for one column")

    def log_prob(parts):
        if work.kind == "normal":
            mean, sd = parts
            z = (x[:, None] - mean) / sd
            return -0.5 * z**2 - np.log(sd) - 0.5 * np.log(2 * np.pi)
        if work.kind == "poisson":
            return x[:, None] * np.log(parts[0]) - parts[0]
        return np.where(x[:, None] == 1, np.log(parts[0]), np.log1p(-parts[0]))

    def run():
        parts = (work.first[:, 0], np.ones(work.k))
        weights = np.full(work.k, 1 / work.k)
        for _ in range(work.steps):
            joint = np.log(weights) + log_prob(parts)
            top = joint.max(axis=1, keepdims=True)
            norm = top + np.log(np.exp(joint - top).sum(axis=1, keepdims=True))
            r = np.exp(joint - norm)
            total = r.sum(axis=0)
            weights = total / work.n
            if work.kind != "bernoulli":
                mean = (r * x[:, None]).sum(axis=0) / total
                spread = (r * (x[:, None] - mean) ** 2).sum(axis=0) / total
                parts = (mean, np.sqrt(spread))
        return weights, parts

    def mixture(found):
        weights, (first, second) = found
        family = {"normal": mx.Normal, "poisson": mx.Poisson}.get(
            work.kind, mx.Bernoulli
        )
        if work.kind == "normal":
            parts = [mx.Normal(m, s) for m, s in zip(first, second, strict=True)]
        else:
            parts = [family(v) for v in first]
        return mx.Mixture(parts, weights)

    return run, mixture


def gaussian(weights, means, covs):
    """A mixture of normals, whatever the form of the covariances."""
    weights = np.asarray(weights, dtype=float)
    parts = []
    for mean, cov in zip(np.asarray(means), np.asarray(covs), strict=True):
        matrix = np.diag(cov) if cov.ndim == 1 else cov
        parts.append(mx.MultivariateNormal(mean, (matrix + matrix.T) / 2))
    return mx.Mixture(parts, weights / weights.sum())


PEERS = {
    "mixnotes": mixnotes,
    "scikit-learn": sklearn,
    "pomegranate": pomegranate,
    "tgmm": tgmm,
    "mixem": mixem,
    "plain numpy": plain_numpy,
}
