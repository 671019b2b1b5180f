/** The value below which the share `q` of all lies. */
export function quantile(values, q) {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const below = Math.floor(at)
  const above = Math.ceil(at)
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below)
}

export const median = (values) => quantile(values, 0.5)

/** In another order each time, so that a slow spell of the machine falls on all alike. */
export function shuffled(values) {
  const order = [...values]
  for (let i = order.length - 1; i > 0; i--) {
    const other = Math.floor(Math.random() * (i + 1))
    ;[order[i], order[other]] = [order[other], order[i]]
  }
  return order
}

/** Within which the median of the whole lies, at 95 %, whatever the distribution. */
export function interval(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const reach = (1.96 * Math.sqrt(sorted.length)) / 2
  const at = (index) => sorted[Math.max(0, Math.min(sorted.length - 1, index))]
  return [at(Math.floor(sorted.length / 2 - reach)), at(Math.ceil(sorted.length / 2 + reach) - 1)]
}

/** What values taken in pairs say: the median of the ratios, its quartiles, and the interval it lies in. */
export function ratioOf(values, baseline) {
  const ratios = values.map((value, index) => value / baseline[index])
  return {
    ratio: median(ratios),
    quartiles: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
    interval: interval(ratios),
  }
}
