// Two factories of marbles: the arithmetic of chapters 2 and 3.

/** P(A | colour) by Bayes' rule: prior p, P(red | A) = a, P(red | B) = b. */
export function posterior(p, a, b, red) {
  const fromA = p * (red ? a : 1 - a);
  const fromB = (1 - p) * (red ? b : 1 - b);
  return fromA / (fromA + fromB);
}

/** One EM step: the average responsibility of A where a share xbar is red. */
export function emStep(p, xbar, a, b) {
  return xbar * posterior(p, a, b, true) + (1 - xbar) * posterior(p, a, b, false);
}
