import { expect } from 'chai'
import { UnreadRepliesError } from '#src/errors/request-errors.js'
import type { RequestManyOptions } from '#src/requests/request-options.js'
import { StreamRequest } from '#src/requests/stream-request.js'
import { rejection } from '../support/rejection.js'
import { FACTS } from '../support/facts.js'

/** A request with several replies, and the calls to its owner. */
function rig(options: Partial<RequestManyOptions> = {}) {
  const calls: string[] = []
  const owner = {
    facts: { ...FACTS, connection: 'Api#1' },
    abandon: () => void calls.push('abandon'),
    flush: () => void calls.push('flush'),
  }
  const isLast = (reply: unknown): boolean => reply === 'last'
  return { calls, request: new StreamRequest({}, { isLast, ...options }, owner, undefined, true) }
}

describe('StreamRequest', () => {
  it('passes the result of each reply to the reader, including the last one', async () => {
    const { calls, request } = rig()
    const results = ['a', 'last'].map((reply) => request.onReply(reply, (each) => `<${String(each)}>`))
    expect(results).to.deep.equal([false, true])
    const read: unknown[] = []
    for await (const reply of request.replies) read.push(reply)
    expect(read).to.deep.equal(['<a>', '<last>'])
    expect(calls).to.deep.equal([])
  })

  it('rejects a reply if too many are unread', async () => {
    const { request } = rig({ highWaterMark: 1 })
    request.onReply('a', String)
    expect(() => request.onReply('b', String)).to.throw(UnreadRepliesError)
    await request.replies.next()
    expect(request.onReply('c', String)).to.equal(false)
  })

  it('ends and lets the next request start when the reader leaves', async () => {
    const { calls, request } = rig()
    await request.replies.return()
    expect(calls).to.deep.equal(['abandon', 'flush'])
  })

  it('passes on an error after the replies before it, and drops those if it is aborted', async () => {
    const error = new Error('no')
    for (const isAborted of [false, true]) {
      const { request } = rig()
      request.onReply('a', String)
      request.reject(error, isAborted)
      if (!isAborted) expect((await request.replies.next()).value).to.equal('a')
      expect(await rejection(request.replies.next())).to.equal(error)
    }
  })
})
