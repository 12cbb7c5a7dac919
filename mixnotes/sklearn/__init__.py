"""`MixtureModel`, a scikit-learn estimator: the only folder that imports sklearn.

For who has a pipeline, a grid search or a `GaussianMixture`, and changes an import.
Read `estimator` first. It stands on `fitting` and `families`; nothing imports it, so
that mixnotes needs no scikit-learn.
"""

try:
    from sklearn.utils.validation import validate_data  # noqa: F401, new in 1.6
except ImportError as error:
    raise ImportError(
        "mixnotes.sklearn needs scikit-learn 1.6 or newer; "
        "python -m pip install 'scikit-learn>=1.6'"
    ) from error

from mixnotes.sklearn.estimator import MixtureModel

__all__ = ["MixtureModel"]
