/** Merges options. For each option, the last layer that sets it wins. An explicit `undefined` is treated as unset. */
export function mergeOptions<T extends object>(...layers: readonly (T | undefined)[]): T {
  return merge(layers, (_name, _below, above) => above)
}

/**
 * Merges the options of a client like {@link mergeOptions}. In `reconnect`, `outbox`, `rateLimit`, `periodic`, `tls`, and a
 * `heartbeat` that contains only times, each member is merged separately. Every other option is replaced as a whole.
 */
export function mergeClientOptions<T extends object>(...layers: readonly (T | undefined)[]): T {
  return merge(layers, mergeGroup)
}

/** Groups whose members are separate options. */
const MERGED_GROUPS: readonly string[] = ['reconnect', 'outbox', 'rateLimit', 'periodic', 'tls']

/** Members of `heartbeat` that are times. A `heartbeat` that contains only these keeps the heartbeat style of the layer below. */
const HEARTBEAT_TIMES: readonly string[] = ['interval', 'timeout']

function mergeGroup(name: string, below: unknown, above: unknown): unknown {
  if (!isGroup(below) || !isGroup(above)) return above
  const isMerged =
    MERGED_GROUPS.includes(name) || (name === 'heartbeat' && hasOnlyTimes(above) && !('silence' in below))
  return isMerged ? mergeOptions(below, above) : above
}

function hasOnlyTimes(heartbeat: object): boolean {
  return Object.keys(mergeOptions(heartbeat)).every((name) => HEARTBEAT_TIMES.includes(name))
}

function isGroup(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

type Choose = (name: string, below: unknown, above: unknown) => unknown

function merge<T extends object>(layers: readonly (T | undefined)[], choose: Choose): T {
  const result: Record<string, unknown> = {}
  for (const layer of layers as readonly (Record<string, unknown> | undefined)[]) {
    for (const name of layer ? Object.keys(layer) : []) {
      if (layer?.[name] !== undefined) result[name] = choose(name, result[name], layer[name])
    }
  }
  return result as T
}
