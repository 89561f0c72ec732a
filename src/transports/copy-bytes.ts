/** Returns data that stays unchanged if the caller reuses its memory: a copy of bytes, or the text itself. */
export function copyBytes(data: string | Uint8Array): string | Uint8Array {
  return typeof data === 'string' ? data : new Uint8Array(data)
}
