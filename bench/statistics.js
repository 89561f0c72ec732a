// The arithmetic of the benchmark, without I/O and without a clock.

/** Returns the median: the middle value, or the mean of the two middle values. */
export function median(values) {
  return quantile(values, 0.5)
}

/** Returns the value below which the given share of the values lies, interpolated. */
export function quantile(values, share) {
  if (values.length === 0) throw new RangeError('There is no quantile of nothing')
  const sorted = Float64Array.from(values).sort()
  const place = (sorted.length - 1) * share
  const low = Math.floor(place)
  const high = Math.ceil(place)
  return sorted[low] + (sorted[high] - sorted[low]) * (place - low)
}

/** Returns the median with the smallest and largest value. */
export function summarize(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), runs: values.length }
}

/**
 * Divides each value by the one of the same round, and leaves out rounds that only one of them has. A disturbance of the machine that
 * lasts longer than a round affects both.
 */
export function pairRatios(values, base) {
  const ratios = []
  for (const [round, value] of values.entries()) {
    if (value !== undefined && base[round] !== undefined) ratios.push(value / base[round])
  }
  return ratios
}
