import { pairRatios, summarize } from './statistics.js'

/** The measurements: one result per round for each row of each cell. */
export class Measurements {
  #results = new Map()

  add(workload, cell, row, round, result) {
    const key = keyOf(workload, cell)
    if (!this.#results.has(key)) this.#results.set(key, new Map())
    const rows = this.#results.get(key)
    if (!rows.has(row)) rows.set(row, [])
    rows.get(row)[round] = result
  }

  /** Lists the rows of a cell, in the order of their first results. */
  rowsOf(workload, cell) {
    return [...(this.#results.get(keyOf(workload, cell))?.keys() ?? [])]
  }

  /** Returns one number of a row, round by round. */
  #series(workload, cell, row, metric) {
    const results = this.#results.get(keyOf(workload, cell))?.get(row) ?? []
    return Array.from(results, (result) => result?.[metric])
  }

  /** Summarizes a number, or returns `undefined` if there are no measurements. */
  values(workload, cell, row, metric) {
    const values = this.#series(workload, cell, row, metric).filter((value) => value !== undefined)
    return values.length > 0 ? summarize(values) : undefined
  }

  /** Summarizes the ratio to the same number of another row, pair by pair, or returns `undefined` if there is no pair. */
  ratios(workload, cell, row, metric, base) {
    const own = this.#series(workload, cell, row, metric)
    const ratios = pairRatios(own, this.#series(workload, cell, base, metric))
    return ratios.length > 0 ? summarize(ratios) : undefined
  }
}

function keyOf(workload, cell) {
  return `${workload}/${cell}`
}
