/** Returns the message that consists of these fragments. */
export function joinFragments(
  fragments: readonly (string | Uint8Array)[],
  isBinary: boolean,
): string | Uint8Array {
  return isBinary ? new Uint8Array(Buffer.concat(fragments as readonly Uint8Array[])) : fragments.join('')
}
