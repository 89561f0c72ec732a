/** Lays options over each other, the later ones winning where they say anything: an explicit `undefined` says nothing. */
export function mergeOptions<T extends object>(...layers: readonly (T | undefined)[]): T {
  const result: Record<string, unknown> = {}
  for (const layer of layers as readonly (Record<string, unknown> | undefined)[]) {
    for (const name of layer ? Object.keys(layer) : []) {
      if (layer?.[name] !== undefined) result[name] = layer[name]
    }
  }
  return result as T
}
