// The density of a normal, for the moves that need nothing else of each other.

export const bell = (x, mean, sd) => Math.exp(-(((x - mean) / sd) ** 2) / 2) / (sd * Math.sqrt(2 * Math.PI));
