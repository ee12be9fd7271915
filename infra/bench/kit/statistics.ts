export interface Quartiles {
  median: number
  /** The middle half lies between `low` and `high`. */
  low: number
  high: number
}

/** Returns the number that a share of the numbers lies below, interpolated; 0 if there are no numbers. @param share in [0, 1] */
export function computeQuantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const position = (sorted.length - 1) * share
  const [below = 0, above = 0] = [sorted[Math.floor(position)], sorted[Math.ceil(position)]]
  return below + (above - below) * (position % 1)
}

/** Returns the median of the numbers, and their middle half. */
export function computeQuartiles(numbers: readonly number[]): Quartiles {
  const [low = 0, median = 0, high = 0] = [0.25, 0.5, 0.75].map(share => computeQuantile(numbers, share))
  return { median, low, high }
}

/** Returns the quartiles of the ratios of two variants, sample by sample. */
export function computeRatio(of: readonly number[], to: readonly number[]): Quartiles {
  return computeQuartiles(of.map((number, sample) => number / (to[sample] ?? Number.NaN)))
}

/** Formats the median and, in brackets, the middle half. */
export function formatQuartiles({ median, low, high }: Quartiles, digits: number): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}

/** Formats the median of some samples and, in brackets, their middle half. */
export function formatSamples(numbers: readonly number[], digits: number): string {
  return formatQuartiles(computeQuartiles(numbers), digits)
}
