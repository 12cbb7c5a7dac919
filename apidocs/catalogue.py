"""Which object stands on which page of the reference, grouped by what a reader wants.

Each public name has a page, or shares one with what it returns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Entry:
    """An object: its path below `mixnotes`, and those of its members that are shown."""

    path: str
    members: tuple[str, ...] = ()  # fields and methods, each with a heading
    note: str = ""  # a sentence above its members

    @property
    def name(self) -> str:
        """As a reader knows it."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True)
class Page:
    """A page of the reference; its address is the name of its first object."""

    entries: tuple[Entry, ...]
    see: tuple[str, ...] = ()  # other pages of the reference, by name
    reads: tuple[str, ...] = ()  # pages of the book that show it at work
    words: str = ""  # what else readers call it, for the search
    alt: str = ""  # of the figure that the example draws
    caption: str = ""
    apart: bool = False  # the example needs more than a page in a browser has
    note: str = ""  # a paragraph at the end

    @property
    def name(self) -> str:
        """Of the page's file: as a reader would type the object after `mx.`."""
        path = self.entries[0].path
        public = path.startswith(("plot.", "sklearn.", "datasets"))
        return path if public else path.rpartition(".")[2]

    @property
    def title(self) -> str:
        """As one would type it after `mx.`."""
        return self.name


@dataclass(frozen=True)
class Group:
    """Pages that answer one wish."""

    title: str
    says: str
    pages: tuple[Page, ...]


def page(path: str, *members: str, more: tuple[Entry, ...] = (), **rest: Any) -> Page:
    """A page of an object, with more objects below it."""
    return Page((Entry(path, members), *more), **rest)


WHICH = "your-data/which-component.md"
LINES = "your-data/lines.md"
PICTURES = "your-data/pictures.md"
SURE = "your-data/how-sure.md"
MANY = "your-data/how-many.md"

FIT = Group(
    "Fit a mixture",
    "A model and data go in, a `Fit` comes out.",
    (
        page(
            "em",
            see=("Fit", "Mixture", "em_step", "em_online", "select"),
            reads=("chapters/03-em.md", "chapters/05-how-fast.md"),
            words="em(), fit, max_iter, tol, n_init, random_state",
        ),
        page(
            "Fit",
            *("mixture", "log_likelihood", "converged", "reason", "steps", "history"),
            *("error", "rate", "starts", "n_best", "n_followed", "collapsed"),
            *("n", "n_groups", "shares", "entropy", "aic", "bic", "icl"),
            *("model", "log_prior", "log_evidence", "standard_errors"),
            *("sandwich_errors", "intervals", "ceiling"),
            more=(
                Entry(
                    "mixing.ceiling.Ceiling",
                    ("reason", "at", "exact", "found", "better"),
                ),
            ),
            see=("em", "bootstrap", "select"),
            reads=(SURE, "chapters/05-how-fast.md"),
            words="fit result, log-likelihood",
        ),
        page(
            "em_step",
            see=("em", "Mixture"),
            reads=("chapters/03-em.md", "chapters/04-why-em-climbs.md"),
            words="one EM step, one iteration",
        ),
        page(
            "em_online",
            see=("em",),
            reads=("speed.md",),
            words="online EM, stochastic EM, incremental EM, partial_fit, streaming",
        ),
        page(
            "Step",
            *("start", "step", "log_likelihood", "mixture"),
            see=("em",),
            words="callback, progress",
        ),
    ),
)

MODEL = Group(
    "Say what you know",
    "What is given, what is blank, and what ties blanks together.",
    (
        page(
            "Mixture",
            *("log_prob", "log_joint", "responsibilities", "predict", "at", "fit"),
            *("sample", "mean", "variance", "moments", "marginal", "conditional"),
            "impute",
            see=("em", "gaussian_mixture", "Component", "Gate"),
            reads=("chapters/01-choice-not-sum.md", "chapters/06-any-n-components.md"),
            words="mixture model, predict_proba, score_samples",
        ),
        page(
            "gaussian_mixture",
            see=("MultivariateNormal", "Mixture", "Factors", "sklearn.MixtureModel"),
            reads=("chapters/08-spikes-and-starts.md", "from-scikit-learn.md"),
            words="covariance_type, full, tied, diagonal, spherical",
        ),
        page("Shared", see=("Between", "Mixture"), reads=(WHICH,), words="tied"),
        page(
            "Between",
            see=("Shared", "NormalInverseWishart"),
            reads=("your-data/beliefs.md",),
            words="bounds, constraint, variance floor",
        ),
        page(
            "NormalInverseWishart",
            *("default", "penalty", "log_prob"),
            see=("Normal", "MultivariateNormal", "Between"),
            reads=("your-data/beliefs.md",),
            words="conjugate prior, reg_covar",
        ),
        page(
            "Gate",
            see=("Mixture", "LinearRegression"),
            reads=("your-data/gates.md",),
            words="mixture of experts, concomitant variables, gating",
        ),
        page(
            "Chain",
            *("log_prob", "log_joint", "responsibilities", "path", "sample", "weights"),
            see=("Mixture", "em"),
            reads=("your-data/chains.md",),
            words="transition matrix, Viterbi path, forward-backward",
        ),
        page(
            "Truncated",
            *("seen", "log_prob"),
            see=("Binned", "WithError"),
            reads=("your-data/truncated.md",),
            words="truncation",
        ),
        page(
            "WithError",
            *("rows", "expected"),
            see=("Normal", "MultivariateNormal", "Truncated"),
            reads=("your-data/measured.md",),
            words="measurement error, deconvolution",
        ),
        page(
            "Noise",
            see=("Uniform", "MultivariateNormal", "Mixture"),
            reads=("your-data/columns.md",),
            words="background, mclust noise, Poisson noise",
        ),
        page(
            "Factors",
            more=(Entry("FactorNormal", ("scores", "cov", "marginal", "conditional")),),
            see=("gaussian_mixture", "MultivariateNormal"),
            reads=("your-data/factors.md",),
            words="factor analyzers",
        ),
        page(
            "Binned",
            more=(Entry("Censored"),),
            see=("Truncated", "em"),
            reads=("your-data/intervals.md",),
            words="grouped data, interval censored",
        ),
    ),
)

EVERY = Group(
    "What every component does",
    "Each of the components below has these methods.",
    (
        page(
            "Component",
            *("log_prob", "fit", "sample", "cdf", "sf", "quantile", "moments"),
            *("n_free", "blanks", "parameters", "blank", "to_json"),
            see=("Mixture", "from_json", "ComponentLike"),
            reads=("chapters/06-any-n-components.md", WHICH),
            words="distribution, pdf, ppf",
            note="`cdf`, `sf` and `quantile` are those of families of one number.\n"
            "The gamma, beta, Poisson, binomial, negative binomial and Student's t "
            "distribution functions need scipy; fitting does not.",
        ),
        page(
            "from_json",
            see=("Component", "Fit"),
            words="save, load, save a model, load a model, serialize, pickle, JSON",
        ),
    ),
)

COUNTS = Group(
    "Counts and kinds",
    "Whole numbers, and one of several kinds.",
    (
        page("Bernoulli", see=("Binomial", "Categorical"), reads=(WHICH,)),
        page("BetaBinomial", see=("Binomial", "Beta"), reads=(WHICH,)),
        page(
            "Binomial",
            "sample_target",
            see=("Bernoulli", "BetaBinomial"),
            reads=(WHICH, "your-data/totals.md"),
        ),
        page(
            "Categorical",
            see=("Bernoulli", "Multinomial", "Product"),
            reads=(WHICH, "your-data/columns.md"),
        ),
        page(
            "DirichletMultinomial",
            "sample_rows",
            see=("Multinomial", "Dirichlet"),
            reads=(WHICH, "your-data/totals.md"),
        ),
        page("Geometric", see=("NegativeBinomial",), reads=(WHICH,)),
        page(
            "Multinomial",
            "sample_rows",
            see=("Categorical", "DirichletMultinomial"),
            reads=(WHICH, "your-data/totals.md"),
        ),
        page(
            "NegativeBinomial",
            see=("Poisson", "Geometric"),
            reads=(WHICH,),
            words="overdispersion",
        ),
        page(
            "PointMass",
            see=("Poisson", "Uniform"),
            reads=(WHICH,),
            words="atom, degenerate distribution",
        ),
        page("Poisson", see=("NegativeBinomial", "PointMass"), reads=(WHICH,)),
    ),
)

LINE = Group(
    "On the line",
    "Any number, below 0 too.",
    (
        page("Gumbel", see=("Weibull", "Normal"), reads=(WHICH,)),
        page("Laplace", see=("Normal", "StudentT"), reads=(WHICH,)),
        page("Logistic", see=("Normal", "Laplace"), reads=(WHICH,)),
        page(
            "Normal",
            see=("MultivariateNormal", "StudentT", "LogNormal", "NormalInverseWishart"),
            reads=(WHICH, "chapters/08-spikes-and-starts.md"),
            words="Gaussian",
        ),
        page(
            "StudentT",
            see=("Normal", "MultivariateStudentT"),
            reads=(WHICH,),
            words="Student t, t distribution, heavy tails, robust",
        ),
    ),
)

POSITIVE = Group(
    "Above 0",
    "Times, sizes and amounts.",
    (
        page("Exponential", see=("Gamma", "Weibull"), reads=(WHICH,)),
        page("Gamma", see=("Exponential", "InverseGaussian"), reads=(WHICH,)),
        page("InverseGaussian", see=("Gamma", "LogNormal"), reads=(WHICH,)),
        page("LogNormal", see=("Normal", "Gamma"), reads=(WHICH,)),
        page("Weibull", see=("Exponential", "Gumbel"), reads=(WHICH,)),
    ),
)

BOUNDED = Group(
    "Bounded and circular",
    "Shares, angles and directions.",
    (
        page("Beta", see=("Dirichlet", "BetaBinomial"), reads=(WHICH,)),
        page("Dirichlet", see=("Beta", "DirichletMultinomial"), reads=(WHICH,)),
        page("Uniform", see=("Normal", "PointMass"), reads=(WHICH,)),
        page("VonMises", see=("VonMisesFisher",), reads=(WHICH,), words="angles"),
        page("VonMisesFisher", see=("VonMises",), reads=(WHICH,), words="directions"),
    ),
)

SPACE = Group(
    "Rows of columns",
    "Several numbers, or several kinds, in one observation.",
    (
        page(
            "MultivariateNormal",
            *("marginal", "conditional"),
            see=("gaussian_mixture", "Normal", "MultivariateStudentT"),
            reads=("your-data/columns.md",),
            words="multivariate Gaussian, covariance",
        ),
        page(
            "MultivariateStudentT",
            *("marginal", "conditional"),
            see=("StudentT", "MultivariateNormal"),
            reads=(WHICH,),
        ),
        page(
            "Product",
            *("marginal", "conditional"),
            see=("Categorical", "MultivariateNormal"),
            reads=("your-data/columns.md",),
            words="latent class, mixed data, local independence",
        ),
    ),
)

REGRESSIONS = Group(
    "Regressions",
    "A line in each component. Each has the methods `expected` and `sample_target` of "
    "`LinearRegression`.",
    (
        page(
            "LinearRegression",
            *("expected", "sample_target"),
            see=("StudentTRegression", "Gate"),
            reads=(LINES,),
            words="regression",
        ),
        page("BinomialRegression", see=("LogisticRegression",), reads=(LINES,)),
        page("GammaRegression", see=("LinearRegression",), reads=(LINES,)),
        page("LogisticRegression", see=("BinomialRegression", "Gate"), reads=(LINES,)),
        page(
            "NegativeBinomialRegression",
            see=("PoissonRegression", "NegativeBinomial"),
            reads=(LINES,),
        ),
        page(
            "PoissonRegression",
            see=("NegativeBinomialRegression", "Poisson"),
            reads=(LINES,),
        ),
        page(
            "StudentTRegression", see=("LinearRegression", "StudentT"), reads=(LINES,)
        ),
    ),
)

OWN = Group(
    "Made by you",
    "A density that is not in the list can be scipy's, or your own.",
    (
        page(
            "from_scipy",
            see=("Custom", "Component"),
            reads=(WHICH,),
            words="scipy.stats",
            apart=True,
            note="It needs scipy.",
        ),
        page(
            "Custom",
            see=("from_scipy", "ComponentLike"),
            reads=(WHICH, "chapters/06-any-n-components.md"),
            words="custom density, user defined",
            apart=True,
            note="Its fit needs scipy.",
        ),
        page(
            "components.component.ComponentLike",
            *("n_free", "log_prob", "fit"),
            more=(
                Entry(
                    "components.component.Component",
                    (
                        *("bind", "inside", "_fit", "_sample", "_state"),
                        *("ends", "_cdf", "_sf", "_quantile"),
                    ),
                    note="A class that derives from `mixnotes.Component` has all its "
                    "methods.\nIt writes `n_free`, `blanks`, `blank` and `moments`, "
                    "which [Component](Component.md) describes, its `support` in "
                    "words, and the first five of these; it may write the others, and "
                    "`discrete = True` where `log_prob` is the logarithm of a "
                    "probability.\nA [family](../contributing.md#recipe-add-a-family) "
                    "has less to write: most of them follow from what it says of its "
                    "parameters.",
                ),
                Entry(
                    "components.hooks.Hooks",
                    (
                        *("limit", "moves", "narrowed", "fitted_together"),
                        *("stretched", "remark", "require_unit"),
                    ),
                    note="Where the likelihood jumps, has kinks or no maximum, a "
                    "component can tell `em` more.",
                ),
            ),
            see=("Component", "Custom"),
            reads=("chapters/06-any-n-components.md",),
            words="protocol, write your own component",
        ),
    ),
)

ASK = Group(
    "How sure, how many",
    "Questions that take more than one fit.",
    (
        page(
            "bootstrap",
            more=(
                Entry("Bootstrap", ("draws", "failed", "standard_errors", "intervals")),
            ),
            see=("Fit", "likelihood_ratio_test"),
            reads=(SURE,),
            words="bootstrap",
        ),
        page(
            "select",
            more=(
                Entry("Selection", ("candidates", "by", "best", "best_by")),
                Entry(
                    "study.select.Candidate",
                    (
                        *("name", "fit", "held_out", "impossible", "stands"),
                        *("share_of_starts", "has_evidence", "score"),
                    ),
                ),
            ),
            see=("likelihood_ratio_test", "Fit", "plot.criteria"),
            reads=(MANY,),
            words="compare models",
        ),
        page(
            "likelihood_ratio_test",
            more=(
                Entry(
                    "study.likelihood_ratio.LikelihoodRatioTest",
                    ("statistic", "p_value", "null", "smaller", "larger"),
                ),
            ),
            see=("select", "bootstrap"),
            reads=(MANY,),
            words="LRT, p-value, hypothesis test",
        ),
        page(
            "npmle",
            see=("Fit", "Mixture"),
            reads=(MANY,),
            words="nonparametric maximum likelihood, mixing distribution",
        ),
    ),
)

APPROXIMATE = Group(
    "Approximate a density",
    "A density and a tolerance go in, a mixture of normals and its error come out.",
    (
        page(
            "approximate",
            more=(
                Entry(
                    "Approximation",
                    (
                        *("mixture", "error", "kind", "measured", "norm", "reached"),
                        *("reason", "path", "notes", "dimension", "interval"),
                        *("density", "draw", "distance", "learn"),
                    ),
                ),
            ),
            see=("plot.approximation", "plot.path"),
            reads=("approximation.md", "chapters/09-universal-approximator.md"),
            words="approximation",
        ),
    ),
)

DRAW = Group(
    "Draw",
    "Pictures, each on axes of yours; they need matplotlib.",
    (
        page(
            "plot.density",
            see=("plot.responsibilities", "plot.residuals"),
            reads=(PICTURES,),
            alt="A grey histogram of waiting times with two humps, and a black curve "
            "over it that is the sum of two coloured bells.",
            caption="The data, the mixture, and each component times its weight.",
            words="histogram",
        ),
        page(
            "plot.responsibilities",
            see=("plot.density", "Mixture"),
            reads=(PICTURES,),
            alt="Two coloured areas that share the height from 0 to 1: the first fills "
            "it on the left, the second on the right, with a steep change between.",
            caption="Which component a value is from, over the line.",
        ),
        page(
            "plot.ellipses",
            see=("MultivariateNormal", "gaussian_mixture"),
            reads=(PICTURES,),
            alt="Two clouds of dots, lower left and upper right, each with an ellipse "
            "around it and a cross at its mean.",
            caption="The rows, and the ellipse that holds 90 % of each component.",
        ),
        page(
            "plot.history",
            see=("Fit", "em"),
            reads=(PICTURES,),
            alt="Lines of the log-likelihood over the steps that rise and level off.",
            caption="The log-likelihood of each start, step by step.",
            words="convergence plot, trace",
        ),
        page(
            "plot.criteria",
            see=("select",),
            reads=(PICTURES, MANY),
            alt="Three curves of criteria over the number of components.",
            caption="What each criterion says of each number of components.",
            words="elbow",
        ),
        page(
            "plot.residuals",
            see=("plot.rootogram", "plot.density"),
            reads=(PICTURES,),
            alt="A jagged line about 0 within a grey band that closes at both ends.",
            caption="The share of the data up to each value, less that of the mixture.",
            words="goodness of fit, diagnostics, qq plot",
        ),
        page(
            "plot.rootogram",
            see=("plot.residuals", "Poisson"),
            reads=(PICTURES, "chapters/06-any-n-components.md"),
            alt="Grey bars that hang from a curve; their feet end near 0.",
            caption="Counts on a square-root scale, hanging from the model.",
        ),
        page(
            "plot.approximation",
            see=("approximate", "plot.path"),
            reads=(PICTURES, "approximation.md"),
            alt="A density and the mixture that stands for it, almost one curve.",
            caption="The density and its mixture.",
        ),
        page(
            "plot.path",
            see=("approximate", "plot.approximation"),
            reads=(PICTURES, "approximation.md"),
            alt="A falling line of errors over the number of components.",
            caption="The error of the mixture by the number of its components.",
        ),
    ),
)

OTHERS = Group(
    "Data, and other packages",
    "What the package ships, and its face for scikit-learn.",
    (
        page(
            "read_csv",
            see=("datasets", "em", "Product"),
            words="csv, table, read a file, your own file, load data",
        ),
        page(
            "datasets",
            *("Dataset", "Sheet", "abo_clarke1959", "coinflip_do_batzoglou"),
            *("digits", "earthquakes", "faithful"),
            *("galaxies_corrected", "galaxies_mass"),
            *("linkage_rao", "london_times", "marbles_2000", "newcomb"),
            *("pearson_crabs", "penguins", "v1_hits"),
            see=("em",),
            reads=("data.md",),
            words="data sets, example data",
        ),
        page(
            "sklearn.MixtureModel",
            *("fit", "fit_predict", "predict", "predict_proba", "score_samples"),
            *("score", "sample", "aic", "bic", "mixture_"),
            see=("gaussian_mixture", "em"),
            reads=("from-scikit-learn.md",),
            words="scikit-learn estimator, sklearn, pipeline, GridSearchCV",
            apart=True,
            note="`mixnotes.sklearn` is imported by itself and needs scikit-learn 1.6 "
            'or newer: `python -m pip install ".[sklearn]"` in a clone of the '
            "repository.",
        ),
    ),
)

GROUPS = (
    *(FIT, MODEL, EVERY, COUNTS, LINE, POSITIVE, BOUNDED, SPACE, REGRESSIONS, OWN),
    *(ASK, APPROXIMATE, DRAW, OTHERS),
)
PAGES = {each.name: each for group in GROUPS for each in group.pages}
