/** Number of seconds that the inspector remembers. */
export const HISTORY = 180

/** The latest values of something that is measured once per second. Their number is fixed, and so is the memory that they take. */
export class Series {
  /** `NaN` stands for a second without a value. */
  readonly #values = new Float64Array(HISTORY).fill(Number.NaN)
  #next = 0
  #length = 0

  /** Number of values, including those that are no longer remembered. */
  get length(): number {
    return this.#length
  }

  push(value: number | undefined): void {
    this.#values[this.#next] = value ?? Number.NaN
    this.#next = (this.#next + 1) % HISTORY
    this.#length += 1
  }

  /** Returns up to `count` of the latest values, oldest first; `null` stands for a second without a value. */
  latest(count: number): (number | null)[] {
    const length = Math.min(count, this.#length, HISTORY)
    return Array.from({ length }, (_, index) => {
      const value = this.#values[(this.#next - length + index + HISTORY) % HISTORY]
      return value === undefined || Number.isNaN(value) ? null : value
    })
  }
}
