import { pairRatios, summarize } from './statistics.js'

/** What was measured: of each row of each cell one result per round. */
export class Measurements {
  #results = new Map()

  add(workload, cell, row, round, result) {
    const key = keyOf(workload, cell)
    if (!this.#results.has(key)) this.#results.set(key, new Map())
    const rows = this.#results.get(key)
    if (!rows.has(row)) rows.set(row, [])
    rows.get(row)[round] = result
  }

  /** Lists the rows of a cell, in the order in which they came first. */
  rowsOf(workload, cell) {
    return [...(this.#results.get(keyOf(workload, cell))?.keys() ?? [])]
  }

  /** Returns one number of a row, round by round. */
  #series(workload, cell, row, metric) {
    const results = this.#results.get(keyOf(workload, cell))?.get(row) ?? []
    return Array.from(results, (result) => result?.[metric])
  }

  /** Summarizes a number; `undefined` where nothing was measured. */
  values(workload, cell, row, metric) {
    const values = this.#series(workload, cell, row, metric).filter((value) => value !== undefined)
    return values.length > 0 ? summarize(values) : undefined
  }

  /** Summarizes a number's ratio to that of another row, pair by pair; `undefined` where there is no pair. */
  ratios(workload, cell, row, metric, base) {
    const own = this.#series(workload, cell, row, metric)
    const ratios = pairRatios(own, this.#series(workload, cell, base, metric))
    return ratios.length > 0 ? summarize(ratios) : undefined
  }
}

function keyOf(workload, cell) {
  return `${workload}/${cell}`
}
