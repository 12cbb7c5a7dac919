"""What a chain changes ends with it, in the build and in the tests alike."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from livefence import process
from livefence.faults import FenceError
from livefence.page import Fence, parse
from livefence.process import ChainProcess
from livefence.settings import Settings
from sites import Site

# What a chain changes, and how a later one would see it: unchanged.
CHANGES = {
    "print options": (
        "import numpy as np\nnp.set_printoptions(precision=1)",
        "import numpy as np\nseen = str(np.array([0.25]))",
        "[0.25]",
    ),
    "a function of a library": (
        "import numpy as np\nnp.mean = lambda x: 7.0",
        "import numpy as np\nseen = float(np.mean([1.0, 2.0]))",
        1.5,
    ),
    "a method of a class": (
        "import fractions\nfractions.Fraction.__str__ = lambda self: 'half'",
        "import fractions\nseen = str(fractions.Fraction(1, 3))",
        "1/3",
    ),
    "a built-in": ("import builtins\nbuiltins.abs = id", "seen = abs(-1)", 1),
    "errors of numpy": (
        "import numpy as np\nnp.seterr(all='ignore')",
        "import numpy as np\nseen = np.geterr()['divide']",
        "warn",
    ),
    "the environment": (
        "import os\nos.environ['PLANTED'] = '1'",
        "import os\nseen = os.environ.get('PLANTED')",
        None,
    ),
    "the folder": (
        "import os\nos.mkdir('inner')\nos.chdir('inner')",
        "import os\nseen = os.listdir()",
        [],
    ),
    "the umask": (
        "import os\nos.umask(0o077)",
        "import os\nopen('a', 'w').close()\nseen = oct(os.stat('a').st_mode)[-3:]",
        f"{0o666 & ~(mask := os.umask(0)) | 0 * os.umask(mask):o}",
    ),
    "the style": (
        "import matplotlib\nmatplotlib.rcParams['lines.linewidth'] = 9",
        "import matplotlib\nseen = matplotlib.rcParams['lines.linewidth']",
        1.5,
    ),
    "filters of warnings": (
        "import warnings\nwarnings.simplefilter('ignore')\nwarnings.warn('old')",
        "import warnings\nwarnings.filterwarnings('error', 'so')\n"
        "try:\n    seen = warnings.warn('so')\n"
        "except UserWarning:\n    seen = 'raised'",
        "raised",
    ),
    "the locale": (
        "import locale\nlocale.setlocale(locale.LC_ALL, 'C')\n"
        "locale._override_localeconv = {'decimal_point': ','}",
        "import locale\nseen = locale.localeconv()['decimal_point']",
        ".",
    ),
    "the path": (
        "import sys\nsys.path.insert(0, 'planted')",
        "import sys\nseen = 'planted' in sys.path",
        False,
    ),
    "a module": (
        "import sys, types\nsys.modules['planted'] = types.ModuleType('planted')",
        "try:\n    import planted\n    seen = 'there'\n"
        "except ModuleNotFoundError:\n    seen = 'not there'",
        "not there",
    ),
    "decimal digits": (
        "import decimal\ndecimal.getcontext().prec = 3",
        "import decimal\nseen = decimal.getcontext().prec",
        28,
    ),
    "the limit of recursion": (
        "import sys\nsys.setrecursionlimit(12345)",
        "import sys\nseen = sys.getrecursionlimit() == 12345",
        False,
    ),
    "a log": (
        "import logging\nlogging.basicConfig(level='DEBUG')",
        "import logging\nseen = logging.getLogger().level",
        30,
    ),
    "a handler": (
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)",
        "import signal\nseen = signal.getsignal(signal.SIGTERM) == signal.SIG_DFL",
        True,
    ),
    "a thread": (
        "import threading\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()",
        "import threading\nseen = threading.active_count()",
        1,
    ),
}


def fences(code):
    return f"```python\n{code}\n```\n"


def changing():
    """A page whose chains change one thing each."""
    return "# Changes\n\n" + "\n".join(fences(c) for c, _, _ in CHANGES.values())


def looking():
    """A page whose chains look, print what they see, and assert that it is as ever."""
    text = "# Looks\n"
    for look, expected in [(look, e) for _, look, e in CHANGES.values()]:
        text += "\n" + fences(f"{look}\nprint(repr(seen))\nassert seen == {expected!r}")
    return text


@pytest.fixture(scope="module", params=["a-changes", "z-changes"], ids="{}.md".format)
def built(request, tmp_path_factory):
    """A site where the changes come before, or after, and one without them."""
    both = Site(tmp_path_factory.mktemp("both"), cache=".cache")
    alone = Site(tmp_path_factory.mktemp("alone"))
    both.write(f"docs/{request.param}.md", changing())
    for site in (both, alone):
        site.write("docs/index.md", looking())
        result = site.build()
        assert result.returncode == 0, result.stderr
    return both, alone


def shown(site):
    html = site.html("index.html")
    return html[html.index('<div class="livefence"') : html.rindex("</pre></div>")]


@pytest.mark.slow
def test_no_page_prints_anything_else_for_what_another_has_changed(built):
    both, alone = built
    assert shown(both) == shown(alone)
    for _, _, expected in CHANGES.values():
        seen = repr(expected).replace("'", "&#x27;")
        assert f">{seen}\n</code>" in shown(both)


@pytest.mark.slow
def test_a_build_from_the_cache_alone_or_in_part_is_a_cold_one(built):
    both, _ = built
    cold = shown(both)
    assert both.build().returncode == 0
    assert shown(both) == cold
    for entry in sorted((both.root / ".cache").iterdir())[::2]:
        entry.unlink()
    assert both.build().returncode == 0
    assert shown(both) == cold


@pytest.mark.slow
def test_the_tests_of_no_page_fail_for_what_another_has_changed(built):
    both, _ = built
    result = both.test()
    assert result.returncode == 0, result.stdout
    assert f"{2 * len(CHANGES)} passed" in result.stdout


@pytest.mark.slow
def test_a_seed_of_another_chain_is_none(site):
    """Draws that lean on it would change with the order of the pages."""
    site.write(
        "docs/index.md", fences("import random\nrandom.seed(0)\nrandom.random()")
    )
    site.write("docs/later.md", fences("import random\nprint(random.random())"))
    result = site.build()
    assert result.returncode == 1
    assert "docs/later.md:1: draws random numbers that no seed fixes" in result.stderr
    assert "docs/index.md" not in result.stderr


# ------------------------------------------------------------------ one process a chain


@pytest.fixture(params=[True, False], ids=["forked", "begun anew"])
def chain(request, monkeypatch, tmp_path):
    """A chain in a process, of either kind."""
    if request.param and not process.FORKS:
        pytest.skip("this system has no fork that holds")
    monkeypatch.setattr(process, "FORKS", request.param)
    chain = ChainProcess(Settings(root=tmp_path), "page.md", "page.md")
    yield chain
    chain.close()


def fence(code):
    (found,) = parse(f"```python\n{code}\n```\n").fences
    assert isinstance(found, Fence)
    return found


def number(expression):
    return parse(f"```python\n1\n```\n\n`{{python}} {expression}`\n").cells[-1]


def test_the_fences_of_a_chain_share_names_and_what_they_change(chain):
    chain.run(fence("import os, sys\nos.environ['A'] = '1'\nsys.a = 2"))
    result = chain.run(fence("print(os.environ['A'], sys.a, 'said')"))
    assert (result.output, result.figures) == ("1 2 said\n", [])
    assert chain.evaluate(number("sys.a + 1")) == "3"
    assert "A" not in os.environ
    assert not hasattr(sys, "a")


def test_a_fault_comes_back_whole(chain):
    with pytest.raises(FenceError, match=r"page.md:3: ZeroDivisionError: ") as caught:
        chain.run(fence("print('said')\n1 / 0"))
    assert "line 3, in <module>" in caught.value.faults[0].detail
    assert chain.output == "said\n"
    assert chain.failed == caught.value.faults[0]
    with pytest.raises(FenceError, match=r"the fence above failed on line 3"):
        chain.run(fence("1"))


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), 9)"])
def test_a_process_that_ends_is_a_fault_of_its_fence(chain, end):
    with pytest.raises(FenceError, match=r"^page.md:1: the process .* has ended: "):
        chain.run(fence(f"import os\n{end}"))
    with pytest.raises(FenceError, match=r"has ended"):
        chain.run(fence("1"))


def test_an_interrupt_in_a_fence_is_one_of_the_build(chain):
    with pytest.raises(KeyboardInterrupt):
        chain.run(fence("raise KeyboardInterrupt"))


def test_what_a_fence_prints_behind_pythons_back_is_not_taken_for_an_answer(chain):
    loud = "compile('os.system(\"echo raw\")', 'a package', 'exec')"
    code = f"import os\nos.write(1, b'raw')\nexec({loud})\nprint('said')"
    assert chain.run(fence(code)).output == "said\n"


def test_nobody_is_asked(chain):
    with pytest.raises(FenceError, match="EOFError"):
        chain.run(fence("input()"))


def test_the_folder_and_the_temporary_files_of_a_chain_go_with_it(chain):
    # No import statement, after which only what is the same elsewhere may be shown.
    code = "os, tempfile = map(__import__, ('os', 'tempfile'))\n"
    chain.run(fence(f"{code}kept = tempfile.TemporaryDirectory()"))
    folder, other = chain.evaluate(number("os.getcwd() + ' ' + kept.name")).split()
    identity = int(chain.evaluate(number("os.getpid()")))
    assert Path(folder).is_dir()
    assert Path(other).is_dir()
    chain.close()
    while _runs(identity):
        time.sleep(0.01)
    assert not Path(folder).exists()
    assert not Path(other).exists()


def _runs(identity):
    """Is the process there, other than as the memory of one?"""
    try:
        return " Z " not in Path(f"/proc/{identity}/stat").read_text()
    except FileNotFoundError:
        return False


def test_names_given_by_the_tests_are_there(chain):
    chain.bind({"a": 5})
    assert chain.evaluate(number("a")) == "5"


@pytest.mark.skipif(not process.FORKS, reason="nothing is kept without fork")
def test_a_server_that_has_died_is_replaced(tmp_path):
    settings = Settings(root=tmp_path)
    ChainProcess(settings, "page.md", "page.md").close()
    server = process._servers[()]
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    chain = ChainProcess(settings, "page.md", "page.md")
    assert chain.evaluate(number("1 + 1")) == "2"
    chain.close()
    assert process._servers[()] is not server


def test_no_process_outlives_the_build(site):
    """Also where the build is killed: what it has started sees that it has gone."""
    mark = site.root / "identity"
    code = "import os\nwith open(MARK, 'w') as f:\n"
    code += "    print(os.getpid(), os.getppid(), file=f)\nos.kill(BUILD, 9)"
    site.write("docs/index.md", fences(code.replace("MARK", repr(str(mark)))))
    start = (
        "import os, mkdocs.__main__, pathlib\n"
        "page = pathlib.Path('docs/index.md')\n"
        "page.write_text(page.read_text().replace('BUILD', str(os.getpid())))\n"
        "mkdocs.__main__.cli()"
    )
    result = site.python("-c", start, "build", "--strict")
    assert result.returncode == -signal.SIGKILL
    for identity in map(int, mark.read_text().split()):
        while _runs(identity):
            time.sleep(0.01)


@pytest.mark.slow
def test_filters_of_warnings_are_those_of_the_tests(site):
    """`filterwarnings` of pytest.ini holds in a fence as it does in a test."""
    site.write("docs/index.md", fences("import warnings\nwarnings.warn('old news')"))
    assert site.test().returncode == 1
    ini = site.root / "pytest.ini"
    site.write("pytest.ini", f"{ini.read_text()}    ignore:old:UserWarning\n")
    result = site.test()
    assert result.returncode == 0, result.stdout
