/** Returns data that stays as it is now, whatever becomes of the caller's bytes: a copy of bytes, and text itself. */
export function copyBytes(data: string | Uint8Array): string | Uint8Array {
  return typeof data === 'string' ? data : new Uint8Array(data)
}
