const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** Longest delay of a timer, in milliseconds. */
const LONGEST = 2 ** 31 - 1

/** Returns a duration such as `500ms`, `2s`, `1.5m`, or `2` (seconds) in milliseconds; `undefined` if the text is not one. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit = 's'] = /^(\d+(?:[.]\d+)?)(ms|s|m|h)?$/.exec(text) ?? []
  if (amount === undefined) return undefined
  const milliseconds = Math.round(Number(amount) * (UNITS[unit] ?? 0))
  return milliseconds <= LONGEST ? milliseconds : undefined
}

/** Returns a number of milliseconds as text: `800 ms`, `1.5 s`. */
export function describeDuration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`
  return `${Math.round(milliseconds / 100) / 10} s`
}
