"""Docstrings: every example runs, and every parameter has its line.

The examples are doctests. griffe reads the sections as the reference page does.
"""

import doctest
import importlib.util
import pkgutil
from pathlib import Path

import griffe
import matplotlib as mpl
import pytest

mpl.use("agg")

import matplotlib.pyplot as plt

import mixnotes

ROOT = Path(__file__).parents[1]
OPTIONAL = {"mixnotes.sklearn": "sklearn"}  # a module and what it needs beyond numpy
OURS = {"self", "cls"}
PACKAGE = griffe.load("mixnotes", search_paths=[ROOT], docstring_parser="google")


def modules():
    """The package and all its modules, but those whose needs are not installed."""
    yield mixnotes
    for found in pkgutil.walk_packages(mixnotes.__path__, "mixnotes."):
        needed = OPTIONAL.get(found.name)
        if needed is None or importlib.util.find_spec(needed):
            yield importlib.import_module(found.name)


def examples():
    """The doctests, each once: of a module, its classes and functions, and theirs."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    for module in modules():
        for test in finder.find(module):
            if test.examples:
                yield pytest.param(test, id=test.name)


@pytest.mark.parametrize("example", list(examples()))
def test_the_example_prints_what_it_says(example):
    """By itself: an example brings its imports along."""
    example.globs = {}
    said = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(
        example, out=said.append
    )
    plt.close("all")
    assert result.failed == 0, "".join(said)
    assert result.attempted > 0


def public():
    """What `mixnotes` exports, each function of plot and datasets, and the adapter."""
    yield from mixnotes.__all__
    yield "sklearn.MixtureModel"
    for module in ("plot", "datasets"):
        for name, member in PACKAGE[module].members.items():
            if not (name.startswith("_") or member.is_alias) and member.is_function:
                yield f"{module}.{name}"


def documented(name):
    """The object of a public name, wherever it is written."""
    found = PACKAGE[name]
    return found.final_target if found.is_alias else found


def sections(thing, kind):
    """The contents of the sections of a kind in a docstring."""
    parsed = thing.docstring.parsed if thing.docstring else []
    return [section.value for section in parsed if section.kind.value == kind]


def own_lines(thing):
    """The parameters that have a line in the docstring's `Args:`, in their order."""
    return [
        p.name.lstrip("*") for lines in sections(thing, "parameters") for p in lines
    ]


def parameters(thing):
    """The names in the signature that a caller may use."""
    names = [p.name.lstrip("*") for p in getattr(thing, "parameters", ())]
    return [n for n in names if n not in OURS and not n.startswith("_")]


def fields(thing):
    """The attributes of a class that have a docstring of their own."""
    return [n for n, m in thing.members.items() if m.is_attribute and m.docstring]


@pytest.mark.parametrize("name", list(public()))
def test_it_has_an_example(name):
    shown = sections(documented(name), "examples")
    assert shown, f"{name} must have a section Examples: with lines of >>>"


@pytest.mark.parametrize("name", list(public()))
def test_each_parameter_has_a_line(name):
    """In `Args:`, in the order of the signature; what a call only returns, such as a
    `Fit`, may have a docstring under each field instead."""
    thing = documented(name)
    if thing.is_module:
        return
    lines, signature = own_lines(thing), parameters(thing)
    if lines or not thing.is_class:
        assert lines == signature
    else:
        assert set(signature) <= set(fields(thing))


def methods():
    """The public methods of public classes, as far as they are written there."""
    for name in mixnotes.__all__:
        thing = documented(name)
        if thing.is_class:
            for member in thing.members.values():
                if member.is_function and not member.name.startswith("_"):
                    yield pytest.param(member, id=f"{name}.{member.name}")


@pytest.mark.parametrize("method", list(methods()))
def test_a_method_that_has_lines_has_one_for_each_parameter(method):
    lines = own_lines(method)
    assert not lines or lines == parameters(method)


CALLED = [
    "Component.blank",
    "Component.cdf",
    "Component.fit",
    "Component.log_prob",
    "Component.quantile",
    "Component.sample",
    "Component.sf",
    "Mixture.blank",
    "Mixture.conditional",
    "Mixture.fit",
    "Mixture.impute",
    "Mixture.log_joint",
    "Mixture.marginal",
    "Mixture.predict",
    "Mixture.responsibilities",
    "Mixture.sample",
    "Product.marginal",
    "LinearRegression.expected",
    "LinearRegression.sample_target",
    "Bootstrap.intervals",
    "Selection.best_by",
    "Fit.ceiling",
    "Fit.intervals",
    "Approximation.density",
    "Approximation.distance",
    "Approximation.draw",
    "Approximation.learn",
]


@pytest.mark.parametrize("name", CALLED)
def test_a_method_that_users_call_has_an_example_and_lines(name):
    owner, method = name.split(".")
    method = documented(owner).all_members[method]
    assert own_lines(method) == parameters(method) != []
    assert sections(method, "examples")
