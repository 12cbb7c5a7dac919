"""Which of two log-likelihoods is higher, as far as rounding tells."""

_SAME = 1e-6  # log-likelihoods nearer than this are one


def ties_with(log_likelihood: float, top: float) -> bool:
    """Is one log-likelihood as high as another, to 1e-6 in total or what can be told
    apart? So rounding does not choose among fits that agree."""
    return log_likelihood >= top - max(_SAME, 1e-12 * abs(top))
