/** Returns data that stays unchanged even if the caller reuses its memory: a copy of the bytes, or the string itself. */
export function copyBytes(data: string | Uint8Array): string | Uint8Array {
  return typeof data === 'string' ? data : new Uint8Array(data)
}
