import { channel } from 'node:diagnostics_channel'
import { expect } from 'chai'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { startInspector } from 'holdfast/inspector'
import { disposal } from '../support/disposal.js'
import { rejection } from '../support/rejection.js'

describe('startInspector', () => {
  const use = disposal()

  it('listens on a free port of the loopback interface', async () => {
    const inspector = use(await startInspector())
    expect(inspector.url).to.match(/^http:\/\/127\.0\.0\.1:\d+\/$/)
    const other = use(await startInspector())
    expect(other.url).to.not.equal(inspector.url)
    expect((await fetch(inspector.url)).status).to.equal(200)
  })

  it('listens on the given port and host', async () => {
    const first = await startInspector()
    const { port } = new URL(first.url)
    await first.close()
    const inspector = use(await startInspector({ port: Number(port), host: 'localhost' }))
    expect(new URL(inspector.url).port).to.equal(port)
    expect((await fetch(inspector.url)).status).to.equal(200)
  })

  it('has a URL that a browser can open if it listens on all interfaces', async () => {
    const inspector = use(await startInspector({ host: '0.0.0.0', token: 'sesame' }))
    expect(inspector.url).to.match(/^http:\/\/127\.0\.0\.1:\d+\/$/)
    expect(inspector.url).not.to.contain('sesame')
    const authorization = 'Bearer sesame'
    expect((await fetch(inspector.url, { headers: { authorization } })).status).to.equal(200)
  })

  describe('mistakes', () => {
    async function mistake(options: Parameters<typeof startInspector>[0]): Promise<string> {
      const error = (await rejection(startInspector(options))) as Error
      expect(error).to.include({ code: 'HOLDFAST_STARTUP', target: 'the inspector' })
      return error.message
    }

    it('include a host that others can reach, without a token', async () => {
      for (const host of ['0.0.0.0', '::', '192.168.1.7', 'inspector.internal']) {
        const message = await mistake({ host })
        expect(message).to.contain(`options.host: "${host}" is not a loopback address`)
        expect(message).to.contain('Fix: pass a token: startInspector({ host, token:')
      }
    })

    it('include an empty token', async () => {
      expect(await mistake({ host: '0.0.0.0', token: '' })).to.contain('options.token: is empty')
    })

    it('include an invalid port', async () => {
      for (const port of [-1, 65_536, 1.5, Number.NaN])
        expect(await mistake({ port })).to.contain(`expected a port from 0 to 65535, received ${port}`)
    })

    it('include a port that is in use', async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const message = await mistake({ port })
      server.close()
      expect(message).to.contain(`cannot listen on 127.0.0.1:${port}`).and.to.contain('EADDRINUSE')
      expect(message).to.contain('Fix: pass another port')
      expect(channel('holdfast:frame').hasSubscribers).to.equal(false)
    })
  })

  it('does not keep the process alive, even with an open page', async () => {
    const script = `
      const { startInspector } = await import('holdfast/inspector')
      const { url } = await startInspector()
      process.stdout.write(url)
      process.stdin.once('data', () => process.stdin.destroy())`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script])
    const closed = once(child, 'close')
    const [url] = (await once(child.stdout, 'data')) as [Buffer]
    const { body } = await fetch(`${url.toString()}events`)
    const reader = body?.getReader()
    await reader?.read()
    child.stdin.write('end')
    expect(await closed).to.deep.equal([0, null])
    await reader?.closed.catch(() => undefined)
  })

  describe('#close', () => {
    it('ends open pages, stops listening and collecting, and can be called again', async () => {
      const inspector = await startInspector()
      const { body } = await fetch(new URL('events', inspector.url))
      const reader = body?.getReader()
      await reader?.read()
      expect(channel('holdfast:frame').hasSubscribers).to.equal(true)
      await Promise.all([inspector.close(), inspector.close()])
      await inspector.close()
      expect(channel('holdfast:frame').hasSubscribers).to.equal(false)
      expect((await reader?.read())?.done).to.equal(true)
      await rejection(fetch(inspector.url))
    })

    it('does not wait for a client that never completes its request', async () => {
      const inspector = await startInspector()
      const socket = connect(Number(new URL(inspector.url).port), '127.0.0.1')
      socket.write('GET / HTTP/1.1\r\n')
      await once(socket, 'connect')
      // The server has accepted the other one once it answers this request.
      await (await fetch(inspector.url)).text()
      socket.on('error', () => undefined)
      const closed = once(socket, 'close')
      await inspector.close()
      await closed
    })

    it('is called by `await using`', async () => {
      let url: string
      {
        await using inspector = await startInspector()
        ;({ url } = inspector)
      }
      await rejection(fetch(url))
    })
  })
})
