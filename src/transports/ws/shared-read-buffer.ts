import type { OnReadOpts, Socket } from 'node:net'

/** As much as Node reads at once. */
const SIZE = 64 * 1024

/** Takes what a socket has read. */
export interface SharedBufferReader {
  /** Takes bytes whose memory is the next read's again as soon as this returns. */
  readShared(bytes: Buffer): void
}

/** Where a socket says who takes what it reads. */
export const kReader = Symbol('reader')

/** What is read off such a socket is lent. */
export type SharedBufferSocket = Pick<Socket, 'push' | 'readableLength'> & {
  [kReader]?: SharedBufferReader
}

const BUFFER = Buffer.allocUnsafeSlow(SIZE)

/** What was read last: in a flood, and of the answers to heartbeats, the next is often as long. */
let read = BUFFER

/**
 * Has sockets read into one buffer that all of the thread share (the `onread` option of `net.connect`): a read is over before the next
 * begins. Node would else make 64 KiB of memory for each read, however little there is to read.
 */
export const SHARED_READ: OnReadOpts = {
  buffer: BUFFER,
  callback(this: SharedBufferSocket, size: number) {
    if (read.length !== size) read = BUFFER.subarray(0, size)
    const bytes = read
    const reader = this[kReader]
    // The handshake is Node's to read; and what the socket still holds comes before this.
    if (!reader || this.readableLength > 0) return this.push(Buffer.from(bytes))
    reader.readShared(bytes)
    return true
  },
}
