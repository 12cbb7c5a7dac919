"""Each exercise checks its answer as the page does: it takes every answer that its
words allow, and tells the likely wrong ones apart."""

import json
from functools import cache
from pathlib import Path
from typing import ClassVar

import pytest

from livefence.browser.runner import Output, Runner
from livefence.page import read

pytestmark = pytest.mark.slow

CHAPTERS = sorted((Path(__file__).parents[2] / "docs/chapters").glob("*.md"))
NUMPY = "import numpy as np\n"
PACKAGE = "import numpy as np\nimport mixnotes as mx\n"
# What the solution of 7.2 does, for any six values.
BAGS = """
import numpy as np
from math import comb
p = {p}
c = [1 / np.prod([x - y for y in p if y != x]) for x in p]
up = sum(w for w in c if w > 0)
chances = [
    sum(w * comb({m}, x) * y**x * (1 - y) ** ({m} - x) for w, y in zip(c, p)) / up
    for x in range({m} + 1)
]
largest = {largest}
"""
# Normals at 0, fitted to the Laplace density, for 9.2.
LAPLACE = """
import numpy as np
import mixnotes as mx
u = (np.arange(1000) + 0.5) / 1000
nodes = -np.sign(u - 0.5) * np.log(1 - abs(2 * u - 1))
parts = [mx.Normal(0, sd) for sd in {sds}]
start = mx.Mixture(parts, weights=len(parts) * [1 / len(parts)])
how = dict(max_iter=1000, accelerate={accelerate})
six = mx.em(mx.Mixture(len(parts) * [mx.Normal()]), nodes, start=start, **how).mixture
"""
TIMES = PACKAGE + (
    "x, days = mx.datasets.london_times().values()\n"
    "fit = mx.em(mx.Mixture(2 * [mx.Poisson()]), x, sample_weight=days)\n"
)
SIX = [0.05, 0.2, 0.45, 0.5, 0.7, 0.95]

# For each exercise: answers that its words allow, and wrong ones with the mistake.
ANSWERS = {
    "01.1": (
        [
            "of_mixture, of_average = 5, 0.5",
            f"{NUMPY}of_mixture, of_average = np.float64(5), np.array([0.5])",
            "from fractions import Fraction\n"
            "of_mixture, of_average = 1 + 0.25 * 4**2, Fraction(1, 2)",
        ],
        {
            "the mean of the variances": "of_mixture, of_average = 1, 0.5",
            "the variances averaged": "of_mixture, of_average = 5, 1",
            "the two exchanged": "of_mixture, of_average = 0.5, 5",
            "standard deviations": "of_mixture, of_average = 5**0.5, 0.5**0.5",
        },
    ),
    "01.2": (
        [
            "separation = 2.715",
            "separation = 2.71459",
            f"{NUMPY}separation = np.float32(2.7146)",
            "separation = 2.714",  # the last that has one mode, in steps of 0.001
        ],
        {
            "the value for equal weights": "separation = 2",
            "to two decimals": "separation = 2.71",
            "delta, half of it": "separation = 2.7146 / 2",
            "a coarse search": "separation = 2.728",
        },
    ),
    "01.3": (
        [
            "choices = 1000",
            "choices = 1e3",
            f"{NUMPY}choices = np.random.default_rng(0).choice([-2, 2], size=1000)",
            "import random\nchoices = random.Random(1).choices([-2, 2], k=1000)",
        ],
        {
            "one choice for all": "choices = 1",
            "the means, not the draws": "choices = 2",
            "a choice for each pair of draws": "choices = 500",
            "one choice, copied": f"{NUMPY}choices = np.full(1000, -2)",
        },
    ),
    "01.4": (
        [
            "share = 0.012674",
            "share = 0.0127",
            f"{PACKAGE}m = mx.Mixture([mx.Normal(0, 1), mx.Normal(0, 3)], [0.5, 0.5])\n"
            "share = 2 * float(m.cdf(np.array([-3 * 5**0.5]))[0])",
        ],
        {
            "that of a normal distribution": "share = 0.0027",
            "one side": "share = 0.006337",
            "in per cent": "share = 1.2674",
            "what is within": "share = 1 - 0.012674",
        },
    ),
    "01.5": (
        [
            "of_waits, of_averages = 27 / 272, 0.644",
            "of_waits, of_averages = 0.0993, 0.64",
            f"{NUMPY}of_waits, of_averages = np.float64(0.09926), 0.6441",
        ],
        {
            "a count": "of_waits, of_averages = 27, 0.644",
            "the standard deviation of a component": (
                "of_waits, of_averages = 27 / 272, 0.502"
            ),
            "the two exchanged": "of_waits, of_averages = 0.644, 0.0993",
        },
    ),
    "02.1": (
        ["answer = 0.256 / 0.31", "answer = 0.826", "answer = 0.83"],
        {
            "after one marble": "answer = 0.64",
            "the joint, not divided": "answer = 0.4 * 0.8**2",
            "the weights forgotten": "answer = 0.64 / (0.64 + 0.09)",
            "the first draw not used": "answer = 0.64**2",
            "in per cent": "answer = 82.58",
        },
    ),
    "02.2": (
        ['guesses = "AB"', 'guesses = "a, b"', 'guesses = ["A", "B"]'],
        {
            "the bluest factory for blue": 'guesses = "AC"',
            "the largest weight for both": 'guesses = "BB"',
            "in the wrong order": 'guesses = "BA"',
            "one letter": 'guesses = "A"',
        },
    ),
    "02.3": (
        [
            "plain = 0.631",
            "plain = (0.7 * 0.8 / 0.65 + 0.7 * 0.2 / 0.35) / 2",
            f"{NUMPY}plain = np.mean([0.8615, 0.4])",
        ],
        {
            "the weighted average": "plain = 0.7",
            "that of the report": "plain = 0.4",
            "the probability of red": "plain = 0.65",
            "the mean share of red": "plain = 0.55",
        },
    ),
    "02.4": (
        [
            "weight = 3 / 11",
            "weight = 0.273",
            "from fractions import Fraction\nweight = Fraction(3, 11)",
        ],
        {
            "half of the bag": "weight = 0.5",
            "the weight of B": "weight = 8 / 11",
            "odds for a probability": "weight = 0.3 / 0.8",
            "fair for a blue marble": "weight = 7 / 9",
        },
    ),
    "02.5": (
        [
            "least, most, weight = 0.16, 0.64, 0.52",
            "least, most = 0.16, 0.64\nweight = 0.75 * most + 0.25 * least",
            f"{NUMPY}least, most, weight = np.array([0.16, 0.64, 0.52])",
        ],
        {
            "the plain average": "least, most, weight = 0.16, 0.64, 0.4",
            "red and blue exchanged": "least, most, weight = 0.16, 0.64, 0.28",
            "no bound at all": "least, most, weight = 0, 1, 0.52",
            "the bounds exchanged": "least, most, weight = 0.64, 0.16, 0.52",
        },
    ),
    "03.1": (
        ["answer = 0.525253", "answer = 0.525", "answer = 0.6 * 8 / 11 + 0.4 * 2 / 9"],
        {
            "half of the marbles red": "answer = 0.5 * 8 / 11 + 0.5 * 2 / 9",
            "the limit": "answer = 0.6",
            "the posterior of a red marble": "answer = 8 / 11",
            "red and blue exchanged": "answer = 0.4 * 8 / 11 + 0.6 * 2 / 9",
        },
    ),
    "03.2": (
        ["rate = 0.901", "rate = 0.90", f"{NUMPY}rate = np.float64(0.9011)"],
        {
            "what a step covers": "rate = 0.099",
            "error over step": "rate = 0.901 / 0.099",
            "the answer": "rate = 0.1",
            "at a share of red of 0.5": "rate = 0.76",
            "the rate turned round": "rate = 1 / 0.901",
        },
    ),
    "03.3": (
        [
            "error = 0.0205",
            "error = 0.0405 - 0.02",
            "error = 0.0214",  # the program of the notes keeps the weight before
            "error = 0.021",
            f"{NUMPY}error = np.array(0.020469)",
        ],
        {
            "the tolerance": "error = 0.001",
            "the weight that is reported": "error = 0.0405",
            "the right weight": "error = 0.02",
            "relative to the right weight": "error = 1.02",
            "the last step": "error = 0.0009",
        },
    ),
    "03.4": (
        [
            "rate = 0.198",
            "rate = 0.1979",
            "w = 0.35 / 0.9\nrate = 1 - w * (1 - w) * 0.81 / 0.24",
        ],
        {
            "what a step covers": "rate = 0.8021",
            "that of the nearer factories": "rate = 0.8333",
            "the limit": "rate = 0.35 / 0.9",
            "error over step": "rate = 0.1979 / 0.8021",
        },
    ),
    "03.5": (
        [
            "weight = 0.659",
            "weight = 0.66",
            f"{PACKAGE}red, count = mx.datasets.marbles_2000().values()\n"
            "weight = (np.average(red, weights=count) - 0.3) / 0.5",
        ],
        {
            "the share of red": "weight = 0.6295",
            "the weight of B": "weight = 0.341",
            "two rows for two marbles": "weight = 0.4",
            "the start": "weight = 0.5",
        },
    ),
    "04.1": (
        ["gap = 0.0151971473", "gap = 0.0152", "gap = 0.015"],
        {
            "the sum over two marbles": "gap = 0.0304",
            "with the sign of the bound": "gap = -0.0152",
            "in bits": "gap = 0.0219",
            "the posterior's divergence from q": (
                "from math import log\n"
                "f = lambda p, q: p * log(p / q) + (1 - p) * log((1 - p) / (1 - q))\n"
                "gap = (f(0.64, 8 / 11) + f(0.16, 2 / 9)) / 2"
            ),
        },
    ),
    "04.2": (
        ["bound = 153.7236", "bound = 154", f"{NUMPY}bound = np.array([153.72])"],
        {
            "the gain of the log-likelihood": "bound = 178.3368",
            "the divergence": "bound = 24.6132",
            "per day": "bound = 153.7236 / 1096",
            "the gap added": "bound = 178.3368 + 24.6132",
            "with the new responsibilities": "bound = 210.48",
        },
    ),
    "04.3": (
        ["weight = 0.4", f"{NUMPY}weight = np.float64(0.4)", "weight = 0.400"],
        {
            "the share of red": "weight = 0.5",
            "the stuck weight": "weight = 1",
            "the weight of B": "weight = 0.6",
            "one step from 0.5": "weight = 0.4747",
        },
    ),
    "04.4": (
        ["gap = 0.4463", "gap = 0.446287", "from math import log\ngap = -log(0.64)"],
        {
            "the other guess": "gap = 1.0217",
            "with the sign of the logarithm": "gap = -0.4463",
            "the chance of a wrong guess": "gap = 0.36",
            "minus the bound": "gap = 1.1394",
            "in bits": "gap = 0.6439",
        },
    ),
    "04.5": (
        [
            "rises, gain = 'yes', 0.0129",
            "rises = 'Yes'\ngain = 0.012888",
            f"{NUMPY}rises, gain = 'yes', np.float64(0.0129)",
        ],
        {
            "no": "rises, gain = 'no', 0.0129",
            "the gain of a whole step": "rises, gain = 'yes', 0.0363",
            "a third of it": "rises, gain = 'yes', 0.0363 / 3",
            "the wrong way round": "rises, gain = 'yes', -0.0129",
        },
    ),
    "05.1": (
        [
            "rate, factor = 5 / 6, 6**-0.5",
            "rate, factor = 0.833, 0.408",
            "rate, factor = 0.83, 0.41",
            "rate, factor = 0.833, 2.45",  # smaller by that factor
        ],
        {
            "without (a - b)^2 / (mu (1 - mu))": "rate, factor = 0.84, 0.4",
            "the share that is not missing": "rate, factor = 1 / 6, 6**-0.5",
            "the root of the rate": "rate, factor = 5 / 6, (5 / 6) ** 0.5",
            "the variances' factor": "rate, factor = 5 / 6, 1 / 6",
            "half of the marbles red": "rate, factor = 0.76, 0.49",
        },
    ),
    "05.2": (
        ["error = 0.061", "error = 0.06096", "error = 0.0610"],
        {
            "with the labels": "error = 0.061 * (1 - 0.159) ** 0.5",
            "the rate": "error = 0.159",
            "the variance": "error = 0.061**2",
            "multiplied by the factor twice": "error = 0.061 / (1 - 0.159) ** 0.5",
            "of a binomial of 150": "error = (0.546 * 0.454 / 150) ** 0.5",
            "of the chapter's animals": "error = 0.0515",
        },
    ),
    "05.3": (
        [
            "labelled = 6.08",
            "labelled = 6",
            "labelled = 7",  # so many whole days are needed
            "labelled = 0.36 * 0.64 / 0.19**2",  # the error as the page prints it
            "labelled = 0.36 * 0.64 / 0.1947**2",
        ],
        {
            "all the days": "labelled = 1096",
            "divided once": "labelled = 1096 * 0.0145 / 0.1947",
            "the factor": "labelled = 0.1947 / 0.0145",
            "the factor of the variances": "labelled = 13.43**2",
            "from the rate": "labelled = 1096 * (1 - 0.9957)",
            "the error": "labelled = 0.1947",
        },
    ),
    "05.4": (
        [
            "rate, error = 0.75, 0.0219",
            "rate, error = 3 / 4, 0.022",
            "rate = 0.750\nerror = 0.031 / 2**0.5",
        ],
        {
            "half the rate": "rate, error = 0.375, 0.0219",
            "the error of 1,000": "rate, error = 0.75, 0.031",
            "half the error": "rate, error = 0.75, 0.0155",
            "with labels": "rate, error = 0.75, 0.01095",
        },
    ),
    "05.5": (
        [
            "rate, steps = 0.658, 5.50",
            "rate, steps = 0.66, 5.5",
            "rate, steps = 0.65805, 5.502",
        ],
        {
            "what is not missing": "rate, steps = 0.342, 5.5",
            "The Times": "rate, steps = 0.9957, 530",
            "a factor of e": "rate, steps = 0.658, 2.39",
            "the sum of the series": "rate, steps = 0.658, 2.92",
        },
    ),
    "06.1": (
        [
            'mean, variance, agrees = 2.1569, 2.6132, "mean"',
            'mean, variance, agrees = 2.16, 2.613, "the mean".split()[1]',
            f"{TIMES}mean, variance = fit.mixture.mean(), fit.mixture.variance()\n"
            "agrees = 'Mean'",
        ],
        {
            "the variance of the data": (
                'mean, variance, agrees = 2.1569, 2.6049, "mean"'
            ),
            "the variance of either": 'mean, variance, agrees = 2.16, 2.6, "mean"',
            "the variance of a Poisson": (
                'mean, variance, agrees = 2.1569, 2.1569, "mean"'
            ),
            "the mean of the rates": (
                'mean, variance, agrees = (1.2561 + 2.6634) / 2, 2.6132, "mean"'
            ),
            "that the variance must agree": (
                'mean, variance, agrees = 2.1569, 2.6132, "variance"'
            ),
        },
    ),
    "06.2": (
        [
            "gain = {10: 0.009, 40: 0.099, 1000: 0.004}\npreferred = 'none'",
            "gain = {10: 0.00922, 40: 0.0988, 1000: 0.0042}\npreferred = 'None'",
            f"{NUMPY}gain = {{10: np.float64(0.00922), 40: 0.0988, 1000: 0.0042}}\n"
            "preferred = 'none.'",
        ],
        {
            "two Poissons less the others": (
                "gain = {10: -0.009, 40: -0.099, 1000: -0.004}\npreferred = 'none'"
            ),
            "whichever gains most, however little": (
                "gain = {10: 0.009, 40: 0.099, 1000: 0.004}\npreferred = '40'"
            ),
            "twice the gain": (
                "gain = {10: 0.018, 40: 0.198, 1000: 0.008}\npreferred = 'none'"
            ),
            "the log-likelihood itself": (
                "gain = {10: -1989.937, 40: -1989.847, 1000: -1989.942}\n"
                "preferred = 'none'"
            ),
        },
    ),
    "06.3": (
        [
            "rates = [1.256, 2.663]",
            "rates = 1.26, 2.66",
            f"{TIMES}rates = np.array([c.rate for c in fit.mixture.components])",
        ],
        {
            "the faulty call": "rates = [1.089, 5.78]",
            "the mean of the data for both": "rates = [2.157, 2.157]",
            "weights": "rates = [0.36, 0.64]",
            "larger first": "rates = [2.663, 1.256]",
            "decimal commas": "rates = [1,256, 2,663]",
        },
    ),
    "06.4": (
        ["rate = 0.5", "rate = 1.75 / 3.5", f"{NUMPY}rate = np.float64(0.5)"],
        {
            "the average": "rate = 2",
            "without responsibilities": "rate = 3 / 9",
            "divided by three observations": "rate = 3 / 3.5",
            "the mean responsibility": "rate = 1.75 / 3",
        },
    ),
    "06.5": (
        [
            "after_one = after_ten = 2.157",
            "after_one, after_ten = 2.1569, 2.1569",
            "after_one = 2.15693\nafter_ten = 2.157",
        ],
        {
            "they stay": "after_one = after_ten = 2",
            "they part in the end": "after_one, after_ten = 2.1569, 1.2561",
            "they stay and then part": "after_one, after_ten = 2, 2.6634",
            "the mixture's variance": "after_one = after_ten = 2.6132",
        },
    ),
    "07.1": (
        ["m = 7", "m = 7.0", "m = 2 * 4 - 1"],
        {
            "one a factory": "m = 4",
            "2K": "m = 8",
            "2K - 2, which is one too few": "m = 6",
            "for two factories": "m = 3",
        },
    ),
    "07.2": (
        [
            "p, largest = [0.1, 0.25, 0.4, 0.6, 0.75, 0.9], 0.009",
            BAGS.format(p=SIX, m=5, largest="max(map(abs, chances))"),
            BAGS.format(
                p=[0.0, 0.2, 0.4, 0.6, 0.8, 1.0], m=5, largest="max(map(abs, chances))"
            ),
            f"{NUMPY}p = np.array([0.9, 0.75, 0.6, 0.4, 0.25, 0.1])\nlargest = 0.0090",
        ],
        {
            "in bags of four": BAGS.format(
                p=SIX, m=4, largest="round(max(map(abs, chances)), 6)"
            ),
            "the sum of the differences": BAGS.format(
                p=SIX, m=5, largest="sum(map(abs, chances))"
            ),
            "the weights not divided by their sum": BAGS.format(
                p=SIX, m=5, largest="max(map(abs, chances)) * up"
            ),
            "the number of the six that are printed": f"p, largest = {SIX}, 0.009",
            "five values": "p, largest = [0.1, 0.3, 0.5, 0.7, 0.9], 0.009",
        },
    ),
    "07.3": (
        [
            "agreed = [0.3, 0.8]",
            "agreed = (0.30, 0.80)",
            f"{NUMPY}agreed = np.array([0.3000001, 0.8])",
        ],
        {
            "averaged as they came": "agreed = [0.5, 0.6]",
            "larger first": "agreed = [0.8, 0.3]",
            "the mean of both": "agreed = [0.55, 0.55]",
            "the weights": "agreed = [0.4, 0.6]",
        },
    ),
    "07.4": (
        ["a = 0.845", "a = 0.84", f"{NUMPY}a = 0.6 + np.sqrt(0.06)"],
        {
            "b": "a = 0.355",
            "Bill's of single marbles": "a = 0.7",
            "Ann's": "a = 0.8",
            "both": "a = [0.845, 0.355]",
        },
    ),
    "07.5": (
        ["K = 5", "K = 5.0", f"{NUMPY}K = np.int64(5)"],
        {
            "as many as there were": "K = 2",
            "one a toss": "K = 10",
            "one too many": "K = 6",
            "a fraction": "K = 5.5",
        },
    ),
    "08.1": (
        [
            "N = 64",
            "N = 64.0",
            f"{NUMPY}N = np.ceil(np.log(0.01) / np.log(0.93))",
        ],
        {
            "one too few": "N = 63",
            "a fraction of a start": "N = 63.46",
            "one over the share": "N = 14",
            "0.99 over the share": "N = 15",
            "95 % sure": "N = 42",
        },
    ),
    "08.2": (
        ["width = 3.743e-28", "width = 3.7e-28", "width = 3.74e-28"],
        {
            "of half the weight at 79": "width = 2e-10",
            "its logarithm": "width = -63.15",
            "the wide normal from all 272": (
                f"{PACKAGE}x = mx.datasets.faithful()['waiting']\n"
                "fit = mx.em(mx.Mixture(2 * [mx.Normal()]), x)\n"
                "parts = [mx.Normal(43, 1e-10), mx.Normal(x.mean(), x.std())]\n"
                "rival = mx.Mixture(parts, [1 / 272, 271 / 272])\n"
                "gap = rival.log_prob(x).sum() - fit.log_likelihood\n"
                "width = 1e-10 * np.exp(gap)"
            ),
            "ten times too wide": "width = 3.7e-27",
        },
    ),
    "08.3": (
        ["tied = 15", "tied = 15.0", f"{NUMPY}tied = np.array([15])"],
        {
            "one point": "tied = 1",
            "the waits of 79": "tied = 12",
            "those of its component in the free fit": "tied = 98",
            "the weight": "tied = 15 / 272",
        },
    ),
    "08.4": (
        [
            "rise = 345.4",
            "rise = 345",
            "from math import log\nrise = 15 * 10 * log(10)",
        ],
        {
            "one observation": "rise = 23.03",
            "one power of ten": "rise = 34.5",
            "the ties at 79": "rise = 230.3",
            "powers of ten": "rise = 150",
            "a fall": "rise = -345.4",
        },
    ),
    "08.5": (
        [
            "border = 2.736",
            "border = 2.74",
            f"{NUMPY}border = 2 + np.log(19) / 4",
        ],
        {
            "k-means": "border = 2",
            "the weights exchanged": "border = 1.264",
            "the square not halved": "border = 4.944",
            "an average by weight": "border = 0.2",
        },
    ),
    "09.1": (
        ["K = 255", "K = 255.0", "from math import ceil, pi\nK = ceil(8 / pi / 0.01)"],
        {
            "rounded down": "K = 254",
            "a fraction": "K = 254.6",
            "half of the L1 error": "K = 64",
            "V = 1, for one jump": "K = 128",
            "what EM needs": "K = 6",
        },
    ),
    "09.2": (
        [
            LAPLACE.format(sds="np.geomspace(0.2, 2, 6)", accelerate=False),
            LAPLACE.format(sds="np.geomspace(0.3, 3, 6)", accelerate=True),
            LAPLACE.format(sds="np.geomspace(0.05, 3, 6)", accelerate=True),
            LAPLACE.format(sds="[0.1, 0.3, 0.5, 1, 2, 3]", accelerate=True),
        ],
        {
            "five": LAPLACE.format(sds="np.geomspace(0.2, 2, 5)", accelerate=True),
            "the start, not fitted": LAPLACE.format(
                sds="np.geomspace(0.2, 2, 6)", accelerate=True
            )
            + "six = start\n",
            "equal widths, where EM stands still": LAPLACE.format(
                sds="6 * [1]", accelerate=False
            ),
            "the error, which proves nothing": "six = 0.0034",
            "the normal at 0": f"{PACKAGE}six = mx.Mixture(6 * [mx.Normal(0, 1.41)], "
            "6 * [1 / 6])",
        },
    ),
    "09.3": (
        ["sup = 0.7365", "sup = 0.74", f"{NUMPY}sup = np.float64(0.736)"],
        {
            "at the nodes": "sup = 0.07",
            "the lower bound of the theory": "sup = 0.5",
            "outside the jump alone": "sup = 0.2635",
            "the L1 error": "sup = 0.133",
        },
    ),
    "09.4": (
        ["least = 0.6", "least = 1.2 / 2", f"{NUMPY}least = np.float64(0.60)"],
        {
            "the whole jump": "least = 1.2",
            "for a jump of 1": "least = 0.5",
            "the value": "least = 0.9",
            "none": "least = 0",
        },
    ),
    "09.5": (
        ["factor = 1", "factor = 1.0", "factor = 3 * (2 / 3) / 2"],
        {
            "the length": "factor = 3",
            "its square": "factor = 9",
            "the height": "factor = 1 / 3",
            "the root": "factor = 3**0.5",
        },
    ),
    "10.1": (
        [
            "small, large = 6.61, 13.52",
            f"{NUMPY}small, large = 1.5 * np.log(82), 1.5 * np.log(8200)",
            "small, large = 6.6, 13.5",
        ],
        {
            "two numbers": "small, large = 4.41, 9.01",
            "not halved": "small, large = 13.22, 27.03",
            "as for AIC": "small, large = 3, 3",
            "a hundred times": "small, large = 6.61, 661.0",
        },
    ),
    "10.2": (
        [
            "right_one, chi_squared = 0.0416, 0.0833",
            "from math import erfc\nchi_squared = erfc(1.5**0.5)\n"
            "right_one = chi_squared / 2",
            "right_one, chi_squared = 0.042, 0.083",
        ],
        {
            "not halved": "right_one, chi_squared = 0.0833, 0.0833",
            "the gain for the ratio": "right_one, chi_squared = 0.110, 0.2207",
            "two degrees": "right_one, chi_squared = 0.112, 0.223",
            "halved twice": "right_one, chi_squared = 0.0208, 0.0416",
        },
    ),
    "10.3": (
        [
            "smallest, samples = 0.025, 999",
            "smallest, samples = 1 / 40, 1000",
            "smallest, samples = 0.025, 999.0",
        ],
        {
            "none": "smallest, samples = 0, 999",
            "one sample fewer": "smallest, samples = 1 / 39, 999",
            "the level": "smallest, samples = 0.05, 999",
            "as many as before": "smallest, samples = 0.025, 39",
        },
    ),
    "10.4": (
        [
            "single, double = 0.5, 0.25",
            "single, double = 16**-0.25, 16**-0.5",
            "single, double = 1 / 2, 1 / 4",
        ],
        {
            "exchanged": "single, double = 0.25, 0.5",
            "old over new": "single, double = 2, 4",
            "the variance": "single, double = 0.5, 1 / 16",
        },
    ),
    "10.5": (
        ["K, short = 2, 5.12", "K, short = 2, 5.1", "K, short = 2, 5.1222"],
        {
            "the difference of the BICs": "K, short = 2, 10.24",
            "the whole price": "K, short = 2, 5.606",
            "the highest": "K, short = 4, 5.12",
            "three numbers": "K, short = 2, 7.925",
        },
    ),
    "11.1": (
        ["share = 0.25", "share = 1 / 4", "share = 3 / 12"],
        {
            "what it counts": "share = 1 / 3",
            "one at the centre": "share = 4 / 3",
            "the other way round": "share = 4",
            "the distance not squared": "share = 3 / 6",
            "the distance squared alone": "share = 1 / 9",
        },
    ),
    "11.2": (
        [
            "loc, scale = 54.076, 4.444",
            f"{PACKAGE}g = mx.datasets.faithful()\n"
            'x = g["waiting"][g["eruptions"] < 3]\n'
            "t = mx.StudentT(df=2).fit(x)\nloc, scale = t.loc, t.scale",
            "loc, scale = 54.08, 4.44",
        ],
        {
            "the mean": "loc, scale = 54.495, 4.444",
            "the standard deviation": "loc, scale = 54.076, 5.808",
            "the square of the scale": "loc, scale = 54.076, 19.75",
        },
    ),
    "11.3": (
        [
            "reported, em = 0.9760, 0.9132",
            f"{NUMPY}reported, em = np.float64(0.976), 0.913",
            f"{PACKAGE}g = mx.datasets.faithful()\n"
            'x, y = g["eruptions"], g["waiting"]\n'
            "gone = np.arange(272) % 4 < 3\n"
            "b, a = np.polyfit(x[~gone], y[~gone], 1)\n"
            "reported = np.corrcoef(x, np.where(gone, a + b * x, y))[0, 1]\n"
            "left = np.var(y[~gone] - a - b * x[~gone])\n"
            "em = b * x.std() / (b**2 * x.var() + left) ** 0.5",
        ],
        {
            "nothing lost": "reported, em = 0.9760, 0.9008",
            "the two exchanged": "reported, em = 0.9132, 0.9760",
            "squared": "reported, em = 0.9760**2, 0.9132**2",
            "the same for both": "reported, em = 0.9760, 0.9760",
        },
    ),
    "11.4": (
        [
            "typed, robust = -0.1649, -0.1065",
            f"{NUMPY}typed, robust = np.float64(-0.165), -0.1065",
            "typed, robust = -0.165, -0.106",
        ],
        {
            "without the wrong bird": "typed, robust = -0.0850, -0.1065",
            "least squares for both": "typed, robust = -0.1649, -0.1649",
            "the right bird's least squares": "typed, robust = -0.1649, -0.0850",
            "the sign": "typed, robust = 0.1649, 0.1065",
        },
    ),
    "11.5": (
        [
            "told, seen = 70.20, 59.28",
            f"{NUMPY}told, seen = np.float64(70.2), 59.276",
            "told, seen = 70.2, 59.3",
        ],
        {
            "every wait": "told, seen = 70.897, 59.28",
            "75 for the longer ones": "told, seen = 67.25, 59.28",
            "the two exchanged": "told, seen = 59.28, 70.20",
        },
    ),
    "12.1": (
        [
            "p = 0.3275",
            "p = 0.328",
            f"{NUMPY}p = (np.array([0.4, 0.15]) @ [[0.7, 0.3], [0.3, 0.7]] "
            "* [0.8, 0.3]).sum()",
        ],
        {
            "of a mixture": "p = 0.3025",
            "of a machine that never changes": "p = 0.365",
            "one marble": "p = 0.55",
            "of the chapter's machine": "p = 0.3525",
        },
    ),
    "12.2": (
        [
            "third = 0.6857",
            "third = 0.686",
            f"{PACKAGE}machine = mx.Chain([mx.Bernoulli(0.8), mx.Bernoulli(0.3)], "
            "[0.5, 0.5], [[0.9, 0.1], [0.1, 0.9]])\n"
            "third = machine.responsibilities([1, 1, 0, 1])[2, 0]",
        ],
        {
            "without the fourth": "third = 0.5045",
            "by itself": "third = 0.2222",
            "of B": "third = 0.3143",
        },
    ),
    "12.3": (
        ["weight = 0.21", "weight = (0.405 - 0.3) / 0.5", "weight = 0.2100"],
        {
            "of estimates": "weight = 0.55",
            "of estimates by size": "weight = 0.19",
            "the share of red": "weight = 0.405",
            "of shares": "weight = 0.65",
        },
    ),
    "12.4": (
        ["two, three = 0, 1.73", "two, three = 1e-12, 1.7316", "two, three = 0, 1.732"],
        {
            "none of both": "two, three = 0, 0",
            "the other sign": "two, three = 0, -1.7316",
            "both": "two, three = 1.73, 1.73",
        },
    ),
    "12.5": (
        [
            "by_chain, by_mixture = 0.079, 0.441",
            "by_chain, by_mixture = 0.0792, 0.4409",
            f"{PACKAGE}x = mx.datasets.earthquakes()['count']\n"
            "model = mx.Chain(3 * [mx.Poisson()], start='stationary')\n"
            "chain = mx.em(model, x, starts=4).mixture\n"
            "ahead = chain.responsibilities(x)[-1] @ chain.transition\n"
            "by_chain = sum(w * c.sf([19])[0] for w, c in "
            "zip(ahead, chain.components))\n"
            "mixture = mx.em(mx.Mixture(3 * [mx.Poisson()]), x).mixture\n"
            "by_mixture = mixture.sf([19])[0]",
        ],
        {
            "that has forgotten 2006": "by_chain, by_mixture = 0.441, 0.441",
            "the two exchanged": "by_chain, by_mixture = 0.441, 0.079",
            "a share of years": "by_chain, by_mixture = 0.079, 48 / 107",
        },
    ),
    "13.1": (
        [
            "worth, weight = 4, 0.5778",
            "worth, weight = 4.0, 5.2 / 9",
            f"{NUMPY}worth, weight = np.int64(4), 0.578",
        ],
        {
            "alpha, not less 1": "worth, weight = 6, 6.2 / 11",
            "no belief": "worth, weight = 4, 0.64",
            "one factory": "worth, weight = 2, 0.5778",
        },
    ),
    "13.2": (
        ["mean = 0.6", "mean = 3.6 / 6", f"{NUMPY}mean = np.float64(0.600)"],
        {
            "no belief": "mean = 1.8",
            "one over the sd": "mean = 0.9",
            "the variance": "mean = 1.6",
            "unweighted": "mean = 6 / 7",
        },
    ),
    "13.3": (
        [
            "weight, overall = 0.3, 1.1",
            "weight, overall = 3 / 10, 0.3 * -1 + 0.7 * 2",
            f"{NUMPY}weight, overall = np.float64(0.3), 1.10",
        ],
        {
            "as reported": "weight, overall = 0.5, 0.5",
            "the higher": "weight, overall = 0.7, 1.1",
            "exchanged": "weight, overall = 0.3, -0.1",
        },
    ),
    "13.4": (
        [
            "of_share, of_odds = 1, 6 / 7",
            "of_share, of_odds = 1.0, 0.857",
            "of_share, of_odds = 1, 0.8571",
        ],
        {
            "the same": "of_share, of_odds = 1, 1",
            "exchanged": "of_share, of_odds = 6 / 7, 1",
            "a factor short": "of_share, of_odds = 1, 5 / 6",
        },
    ),
    "13.5": (
        [
            "free, believed = 24.0, 10.82",
            "free, believed = 24.00, 10.8",
            f"{PACKAGE}x = mx.datasets.newcomb()['deviation']\n"
            "prior = mx.NormalInverseWishart.default(x, 2)\n"
            "free, believed = (\n"
            "    mx.em(mx.Mixture(2 * [part]), x).mixture.components[0].sd\n"
            "    for part in (mx.Normal(), mx.Normal(prior=prior))\n"
            ")",
        ],
        {
            "the other component": "free, believed = 5.03, 4.87",
            "exchanged": "free, believed = 10.82, 24.0",
            "no belief": "free, believed = 24.0, 24.0",
        },
    ),
    "14.1": (
        [
            "mean, sd = 0.5, 0.7071",
            "mean, sd = 0.5, 0.5**0.5",
            "mean, sd = 1 / 2, 0.71",
        ],
        {
            "the projection": "mean, sd = 1, 0.7071",
            "the variance": "mean, sd = 0.5, 0.5",
            "the prior's": "mean, sd = 0.5, 1",
            "in the unit of the columns": "mean, sd = 2.5, 0.7071",
        },
    ),
    "14.2": (
        [
            "noise, flipper = 3.741, 6.219",
            "noise, flipper = 3.74, 6.22",
            f"{PACKAGE}b = mx.datasets.penguins()\n"
            'n = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm"]\n'
            'x = np.array([b[k] for k in n]).T[b["species"] == "Adelie"]\n'
            "x = x[~np.isnan(x).any(axis=1)]\n"
            'fit = mx.FactorNormal(1, kind_of_noise="spherical").fit(x)\n'
            "noise, flipper = fit.noise[0], fit.loadings[2, 0]",
        ],
        {
            "the standard deviation": "noise, flipper = 3.741**0.5, 6.219",
            "the sum of eigenvalues": "noise, flipper = 7.482, 6.219",
            "the eigenvector": "noise, flipper = 3.741, 0.988",
            "the noise left in": "noise, flipper = 3.741, 6.504",
        },
    ),
    "14.3": (
        [
            "reported, standardised = 0.9999, 0.7629",
            "reported, standardised = 0.99989, 0.763",
            f"{NUMPY}reported, standardised = np.float64(0.99989), 0.7629",
        ],
        {
            "the two exchanged": "reported, standardised = 0.7629, 0.9999",
            "not standardised": "reported, standardised = 0.9999, 0.9999",
            "in kilograms": "reported, standardised = 0.9999, 0.8988",
            "in per cent": "reported, standardised = 99.99, 76.29",
        },
    ),
    "14.4": (
        [
            "most = 6",
            "most = 6.0",
            "most = max(m for m in range(11) if (10 - m) ** 2 >= 10 + m)",
        ],
        {
            "rotations left out": "most = 4",
            "half of the columns": "most = 5",
            "one too many": "most = 7",
            "one less than columns": "most = 9",
        },
    ),
    "14.5": (
        [
            "by_factors, by_means = 2.349, 3.893",
            "by_factors, by_means = 2.35, 3.89",
            f"{NUMPY}by_factors, by_means = np.float64(2.3493), 3.893",
        ],
        {
            "the means for both": "by_factors, by_means = 3.893, 3.893",
            "the two exchanged": "by_factors, by_means = 3.893, 2.349",
            "the mean square": "by_factors, by_means = 5.519, 15.16",
        },
    ),
    "15.1": (
        [
            "sd, gap = 1.6, 0.2231",
            "sd, gap = 1.6, 0.223",
            f"{NUMPY}sd, gap = np.sqrt(4 * 0.64), -np.log(0.64) / 2",
        ],
        {
            "the posterior's own": "sd, gap = 2, 0.2231",
            "the variance": "sd, gap = 2.56, 0.2231",
            "without the half": "sd, gap = 1.6, 0.4463",
            "a negative gap": "sd, gap = 1.6, -0.2231",
        },
    ),
    "15.2": (
        [
            "log_p, gap = -2.5165, 0.0203",
            "log_p, gap = -2.517, 0.0203",
            f"{NUMPY}log_p, gap = np.float64(-2.5165), 0.0203",
        ],
        {
            "the density": "log_p, gap = 0.0807, 0.0203",
            "the bound": "log_p, gap = -2.5368, 0.0203",
            "a negative gap": "log_p, gap = -2.5165, -0.0203",
            "without the factorial": "log_p, gap = -0.7247, 0.0203",
        },
    ),
    "15.3": (
        [
            "at_half, at_tenth = 0, 4",
            "at_half, at_tenth = 0.0, 4.0",
            f"{NUMPY}at_half, at_tenth = np.int64(0), np.int64(4)",
        ],
        {
            "all five": "at_half, at_tenth = 5, 5",
            "the variance squared": "at_half, at_tenth = 2, 4",
            "the standard deviation": "at_half, at_tenth = 0, 1",
        },
    ),
    "15.4": (
        [
            "inside, outside = 4, 30",
            "inside, outside = 4.0, 30.0",
            "inside, outside = 2**2, 1 + 18 + 15 - 4",
        ],
        {
            "as if equal": "inside, outside = 4, 4",
            "the mean square": "inside, outside = 4, 34",
            "the slope": "inside, outside = 2, 30",
            "of z": "inside, outside = 1, 30",
        },
    ),
    "15.5": (
        ["gap = 0.4754", "gap = 0.475", f"{NUMPY}gap = np.float64(0.4754)"],
        {
            "before the turn": "gap = 0",
            "without the half": "gap = 0.9508",
            "of all birds": "gap = 58.48",
        },
    ),
    "16.1": (
        ["guess = 0.3584", "guess = 0.358", f"{NUMPY}guess = np.tanh(0.375)"],
        {
            "only the fading undone": "guess = 0.4 / 0.6",
            "the more probable": "guess = 1",
            "the probability of 1": "guess = 0.679",
            "not divided": "guess = 0.215",
        },
    ),
    "16.2": (
        ["time = 0.80", "time = 0.7984", "time = 0.8"],
        {
            "half the rule": "time = 1.41",
            "widths that stay": "time = 0.69",
            "means against 0.25": "time = 2.08",
        },
    ),
    "16.3": (
        [
            "without, with_noise = 0.0046, 0.5",
            "without, with_noise = 0.00458, 0.499",
            f"{NUMPY}without = np.exp(-4) * 0.25\nwith_noise = np.sqrt(0.25)",
        ],
        {
            "as if it were right": "without, with_noise = 0.5, 0.5",
            "variances": "without, with_noise = 2.1e-5, 0.25",
            "nothing at all": "without, with_noise = 0, 0.5",
            "the fog": "without, with_noise = 0.0046, 1",
        },
    ),
    "16.4": (
        [
            "mean, T = 1.2642, 5.298",
            "mean, T = 1.26, 5.3",
            "from math import exp, log\nmean, T = 2 * (1 - exp(-1)), log(200)",
        ],
        {
            "as if the start were right": "mean, T = 2, 5.298",
            "what is missing": "mean, T = 0.7358, 5.298",
            "from 1": "mean, T = 1.2642, 4.605",
        },
    ),
    "16.5": (
        [
            "by_two, by_one = 74.12, 72.54",
            "by_two, by_one = 74.1, 72.5",
            f"{PACKAGE}wait = mx.datasets.faithful()['waiting']\n"
            "a = np.exp(-0.5)\n"
            "by_one = wait.mean() + wait.std() * 0.2 * a\n"
            "z = (wait - wait.mean()) / wait.std()\n"
            "two = mx.em(mx.Mixture(2 * [mx.Normal()]), z).mixture\n"
            "u = np.linspace(-6, 6, 24_001)\n"
            "posterior = np.exp(two.log_prob(u) "
            "- (0.2 - a * u) ** 2 / (2 * (1 - a**2)))\n"
            "mean = u @ posterior / posterior.sum()\n"
            "by_two = wait.mean() + wait.std() * mean",
        ],
        {
            "only the fading undone": "by_two, by_one = 75.37, 75.37",
            "one for both": "by_two, by_one = 72.54, 72.54",
            "the mean": "by_two, by_one = 74.12, 70.9",
        },
    ),
    # chapter 17
    "17.1": (
        ["r = 0.9198", "r = 0.92", "r = 1 / (1 + 2.718281828459045**-2.44)"],
        {
            "the gate alone": "r = 0.7311",
            "no gate": "r = 0.8085",
            "the low gear": "r = 0.0802",
        },
    ),
    "17.2": (
        [
            "by_eta, by_mean, by_log_sd = -0.1654, -0.4162, 0.2667",
            "by_eta, by_mean, by_log_sd = -0.165, -0.416, 0.267",
            f"{NUMPY}by_eta, by_mean, by_log_sd = np.array([-0.1654, -0.4162, 0.2667])",
        ],
        {
            "the sign": "by_eta, by_mean, by_log_sd = 0.1654, -0.4162, 0.2667",
            "unweighted": "by_eta, by_mean, by_log_sd = -0.1654, -0.7358, 0.4715",
            "no gate": "by_eta, by_mean, by_log_sd = 0.5657, -0.4162, 0.2667",
        },
    ),
    "17.3": (
        [
            "at_10, limit = -0.0134, 0",
            "at_10, limit = -0.013431, 0.0",
            "at_10, limit = -0.0134, 0.0",
        ],
        {
            "one side": "at_10, limit = -0.0067, 0",
            "a probability": "at_10, limit = -0.0134, 1",
            "no gate": "at_10, limit = -6.93, 0",
        },
    ),
    "17.4": (
        [
            "soft, top_1 = 0.3316, -0.3",
            "soft, top_1 = 0.332, -0.3",
            f"{NUMPY}soft, top_1 = np.array([12 / 19 - 0.3, -0.3])",
        ],
        {
            "the responsibility": "soft, top_1 = 12 / 19, -0.3",
            "nothing": "soft, top_1 = 0.3316, 0",
            "the sign": "soft, top_1 = 0.3316, 0.3",
        },
    ),
    "17.5": (
        [
            "gain, at_3 = 6.10, 0.048",
            "gain, at_3 = 6.1, 0.0479",
            f"{NUMPY}gain, at_3 = np.array([6.10, 0.048])",
        ],
        {
            "the other sign": "gain, at_3 = -6.10, 0.048",
            "the other line": "gain, at_3 = 6.10, 0.952",
            "log-likelihood": "gain, at_3 = 17.1, 0.048",
        },
    ),
}


@cache
def exercises(file):
    """The form of each exercise with its solution."""
    page = read(file)
    found = []
    for place, fence in enumerate(page.fences):
        if fence.head.check:
            chain = page.chains[page.chain_of(page.fences[place + 1])]
            solution = [cell for cell in chain if cell in page.fences]
            found.append((fence, page.copied(solution[-1])))
    return found


class Once(Runner):
    """Runs a solution once, whatever number of answers it is compared with."""

    solved: ClassVar[dict] = {}  # by its code: the names, what it printed and drew
    blocks = 0

    def _block(self, chain, k, code, last, output):
        self.blocks += 1
        if self.blocks == 1:  # the answer
            return super()._block(chain, k, code, last, output)
        if code not in self.solved:
            heard = Output((said := []).append)
            drawn = super()._block(chain, k, code, last, heard)
            heard.close()
            self.solved[code] = chain.module.__dict__.copy(), "".join(said), drawn
        names, said, drawn = self.solved[code]
        chain.module.__dict__.update(names)
        output.write(said)
        return drawn


def told(fence, solution, answer):
    """What the page says of an answer."""
    runner = Once(lambda text: None, "", {})
    return json.loads(runner.check(answer, solution, fence.head.check.split()))


def exercise(name):
    chapter, number = name.split(".")
    (file,) = (file for file in CHAPTERS if file.stem.startswith(chapter))
    return exercises(file)[int(number) - 1]


@pytest.mark.parametrize("file", CHAPTERS, ids=lambda file: file.stem)
def test_every_exercise_has_a_form_and_a_solution(file):
    text = file.read_text(encoding="utf-8")
    assert len(exercises(file)) == text.count("!!! exercise") >= 3


def test_every_exercise_has_answers_to_be_told_apart():
    names = {
        f"{file.stem[:2]}.{k + 1}"
        for file in CHAPTERS
        for k in range(len(exercises(file)))
    }
    assert set(ANSWERS) == names
    for good, bad in ANSWERS.values():
        assert len(good) >= 3
        assert len(bad) >= 3


# What is asked of an exercise is asked one after another: its solution runs once.
of_each = pytest.mark.parametrize("name", ANSWERS, scope="module")


@of_each
def test_the_solution_is_told_right_and_the_form_is_not(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fence, solution = exercise(name)
    assert told(fence, solution, solution).get("right") is True
    verdict = told(fence, solution, fence.source)
    assert verdict.get("right") is False
    assert verdict["verdict"].startswith("Not yet: ")


@of_each
def test_every_answer_that_the_words_allow_is_right(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fence, solution = exercise(name)
    for answer in ANSWERS[name][0]:
        verdict = told(fence, solution, answer)
        assert verdict.get("verdict") == "Right.", (answer, verdict)


@of_each
def test_a_likely_mistake_is_not_right(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fence, solution = exercise(name)
    for mistake, answer in ANSWERS[name][1].items():
        verdict = told(fence, solution, answer)
        assert verdict.get("right") is False, (mistake, verdict)


@of_each
def test_a_comma_and_a_number_beyond_all_get_a_word_and_no_traceback(
    name, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    fence, solution = exercise(name)
    names = [each.partition(":")[0] for each in fence.head.check.split()]
    for value in ("0,5253", "0,0525", "10**400", "'many'", "None"):
        answer = "\n".join(f"{each} = {value}" for each in names)
        verdict = told(fence, solution, answer)
        assert verdict.get("right") is False, (value, verdict)
        assert "error" not in verdict
