"""What readers type into the search, the page that must come first, and the groups
in which the others follow."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import TWO_FRAMES

CHAPTER = {
    2: "chapters/02-hidden-factory/",
    3: "chapters/03-em/",
    4: "chapters/04-why-em-climbs/",
    5: "chapters/05-how-fast/",
    6: "chapters/06-any-n-components/",
    7: "chapters/07-identifiable/",
    8: "chapters/08-spikes-and-starts/",
    9: "chapters/09-universal-approximator/",
    10: "chapters/10-how-many/",
    11: "chapters/11-outliers-gaps-lines/",
    12: "chapters/12-order-and-streams/",
    13: "chapters/13-what-you-believed/",
    14: "chapters/14-hidden-number/",
    15: "chapters/15-hard-e-step/",
    16: "chapters/16-diffusion/",
    17: "chapters/17-experts/",
}
FIRST = {
    "gmm": CHAPTER[8],
    "gaussian mixture": CHAPTER[8],
    "clustering": CHAPTER[8],
    "initialization": CHAPTER[8],
    "singular covariance": CHAPTER[8],
    "singular": CHAPTER[8],
    "degenerate": CHAPTER[8],
    "local maxima": CHAPTER[8],
    "EM algorithm": CHAPTER[3],
    "expectation maximization": CHAPTER[3],
    "E-step": CHAPTER[3],
    "responsibilities": CHAPTER[2],
    "posterior": CHAPTER[2],
    "Bayes rule": CHAPTER[2],
    "latent variable": CHAPTER[2],
    "ELBO": CHAPTER[4],
    "Jensen's inequality": CHAPTER[4],
    "kl divergence": CHAPTER[4],
    "convergence": CHAPTER[5],
    "stopping criterion": CHAPTER[5],
    "slow convergence": CHAPTER[5],
    "label switching": CHAPTER[13],
    "identifiability": CHAPTER[7],
    "universal approximation": CHAPTER[9],
    "parametric bootstrap": CHAPTER[10],
    "merging components": CHAPTER[10],
    "gibbs sampling": CHAPTER[13],
    "variational bayes": CHAPTER[13],
    "missing at random": CHAPTER[11],
    "MNAR": CHAPTER[11],
    "robust mean": CHAPTER[11],
    "probabilistic PCA": CHAPTER[14],
    "PPCA": CHAPTER[14],
    "variational autoencoder": CHAPTER[15],
    "mean field": CHAPTER[15],
    "posterior collapse": CHAPTER[15],
    "forward algorithm": CHAPTER[12],
    "forward-backward": CHAPTER[12],
    "out-of-core": CHAPTER[12],
    "diffusion model": CHAPTER[16],
    "score matching": CHAPTER[16],
    "mixture density network": CHAPTER[17],
    "load balancing": CHAPTER[17],
    "missing data": "your-data/columns/",
    "nan": "your-data/columns/",
    "latent class": "your-data/columns/",
    "imputation": "your-data/columns/",
    "confidence interval": "your-data/how-sure/",
    "standard errors": "your-data/how-sure/",
    "overfitting": "your-data/how-many/",
    "number of components": "your-data/how-many/",
    "BIC": "your-data/how-many/",
    "model selection": "your-data/how-many/",
    "mixture of regressions": "your-data/lines/",
    "hidden markov model": "your-data/chains/",
    "hmm": "your-data/chains/",
    "mixture of experts": "your-data/gates/",
    "semi-supervised": "your-data/labels/",
    "censored data": "your-data/intervals/",
    "binned": "your-data/intervals/",
    "truncated": "your-data/truncated/",
    "measurement error": "your-data/measured/",
    "factor analysis": "your-data/factors/",
    "prior": "your-data/beliefs/",
    "regularization": "your-data/beliefs/",
    "repeated measures": "your-data/groups/",
    "zero inflation": "your-data/which-component/",
    "outliers": "your-data/which-component/",
    "plot": "your-data/pictures/",
    "GaussianMixture": "from-scikit-learn/",
    "sklearn.mixture.GaussianMixture": "from-scikit-learn/",
    "sklearn": "from-scikit-learn/",
    "k-means": "from-scikit-learn/",
    "mclust": "from-scikit-learn/",
    "em()": "reference/em/",
    "mx.em": "reference/em/",
    "gaussian_mixture": "reference/gaussian_mixture/",
    "likelihood_ratio_test": "reference/likelihood_ratio_test/",
    "Student t": "reference/StudentT/",
    "negative binomial": "reference/NegativeBinomial/",
    "bootstrap": "reference/bootstrap/",
    "save a model": "reference/from_json/",
    "predict_proba": "reference/Mixture/",
    "online EM": "reference/em_online/",
    "poisson regression": "reference/PoissonRegression/",
    "data sets": "data/",
    "install": "",
    "big data": "speed/",
}


@pytest.fixture(scope="module")
def asked(browser, site):
    """Ask the search, as built: the groups, and the pages in them."""
    page = browser.new_page()
    page.goto(site.url + "notation/")
    page.keyboard.press("s")
    box = page.locator(".md-search__input")
    results = page.locator(".md-search-result")

    def ask(query, group=None):
        """With results to the group of this name; Material adds them on scrolling."""
        box.fill("")
        page.keyboard.press("Shift")
        expect(results.locator("li")).to_have_count(0)
        box.fill(query)
        page.keyboard.press("Shift")  # the search listens to keys
        expect(results.locator("li").first).to_be_attached()
        head = results.locator(".mx-search-group", has_text=group)
        for _ in range(99 if group else 0):
            if head.count():
                break
            bottom = results.locator(".md-search-result__item").last
            bottom.scroll_into_view_if_needed()
            page.mouse.wheel(0, 400)
            page.evaluate(TWO_FRAMES)
        return results.locator(".md-search-result__list").evaluate(
            """(list) => [...list.children].map((item) =>
                 item.querySelector("a")?.getAttribute("href").split("?")[0]
                 ?? `# ${item.textContent}`)"""
        )

    yield ask
    page.close()


@pytest.mark.parametrize(("query", "first"), FIRST.items())
def test_the_page_that_a_reader_looks_for_comes_first(asked, site, query, first):
    pages = [line for line in asked(query) if not line.startswith("#")]
    assert pages[0].removeprefix(site.url) == first


def test_results_stand_in_groups_and_the_rest_below_them(asked):
    """That of the best page first, at most four pages in each but the last."""
    lines = asked("normal", "More")
    heads = [line for line in lines if line.startswith("#")]
    assert heads[0] == "# API"
    assert {"# The book", "# Your data", "# Other pages"} < set(heads)
    assert heads[-1] == "# More"
    assert len(heads) == len(set(heads))
    sizes, kinds = {}, {}
    for line in lines:
        if line.startswith("#"):
            head = line
            continue
        sizes[head] = sizes.get(head, 0) + 1
        kinds.setdefault(head, set()).add(line.split("/mixnotes/")[1].split("/")[0])
    assert kinds["# API"] == {"reference"}
    assert kinds["# The book"] == {"chapters"}
    assert kinds["# Your data"] == {"your-data"}
    assert max(n for head, n in sizes.items() if head != "# More") == 4


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("responsibility", "responsibilities"),
        ("mixture of regression", "mixtures of regressions"),
        ("how do I plot", "plotting"),
        ("E step", "e-step"),
        ("negative binomial", "NegativeBinomial"),
        ("Bayes' rule", "bayes rule"),
    ],
)
def test_the_forms_of_a_word_find_the_same_page(asked, one, other):
    assert asked(one)[1] == asked(other)[1]


def test_words_that_are_no_tags_of_a_section_find_its_page_once(asked, site):
    """A page's words are not those of each of its sections, nor are they shown."""
    asked("semi-supervised")
    index = json.loads((site.folder / "search/search_index.json").read_text("utf-8"))
    tagged = [entry["location"] for entry in index["docs"] if "tags" in entry]
    assert len(tagged) > 30
    assert not [location for location in tagged if "#" in location]


def test_enter_opens_the_page_that_stands_first(page, site):
    page.goto(site.url)
    page.keyboard.press("s")
    page.keyboard.type("missing data")
    expect(page.locator(".mx-search-group").first).to_have_text("Your data")
    assert page.locator(".md-search-result .md-tags").count() == 0
    page.keyboard.press("Enter")
    page.wait_for_url("**/your-data/columns/")
    expect(page.locator(".md-content h1")).to_contain_text("Rows of several columns")


def test_arrows_go_from_result_to_result(page, site):
    """The names of groups are no stops."""
    page.goto(site.url)
    page.keyboard.press("s")
    page.keyboard.type("normal")
    expect(page.locator(".mx-search-group").nth(1)).to_be_attached()
    seen = []
    for _ in range(8):
        page.keyboard.press("ArrowDown")
        seen.append(page.evaluate("document.activeElement.tagName"))
    assert set(seen) <= {"A", "SUMMARY"}


def test_the_search_says_when_there_is_nothing(page, site):
    page.goto(site.url)
    page.keyboard.press("s")
    page.keyboard.type("zyzzyva")
    expect(page.locator(".md-search-result__meta")).to_have_text(
        "No matching documents"
    )
    assert page.locator(".mx-search-group").count() == 0
