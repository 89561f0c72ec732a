import { expect } from 'chai'
import { once } from 'node:events'
import { get } from 'node:http'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { text } from 'node:stream/consumers'
import { startInspector } from 'holdfast/inspector'
import type { Inspector } from 'holdfast/inspector'
import { MOST_STREAMS } from '#src/inspector/streams.js'
import { disposal } from '../support/disposal.js'

/** Sends a request as a browser would not: with any headers. */
async function request(
  inspector: Inspector,
  path: string,
  options: RequestOptions = {},
): Promise<IncomingMessage> {
  const [response] = (await once(get(new URL(path, inspector.url), options), 'response')) as [IncomingMessage]
  return response
}

describe('PageServer', () => {
  const use = disposal()

  it('serves the page and its files', async () => {
    const inspector = use(await startInspector())
    const page = await request(inspector, '/')
    expect(page.statusCode).to.equal(200)
    expect(page.headers['content-type']).to.equal('text/html; charset=utf-8')
    const html = await text(page)
    for (const [, path = ''] of html.matchAll(/(?:src|href)="(\.[^"]+)"/g)) {
      const file = await request(inspector, path)
      expect(file.statusCode, path).to.equal(200)
      expect(file.headers['content-type'], path).to.match(/^text\/(css|javascript); charset=utf-8$/)
      file.resume()
    }
  })

  it('sends the headers that protect the data with every response', async () => {
    const inspector = use(await startInspector())
    for (const path of ['/', '/main.js', '/events', '/missing']) {
      const response = await request(inspector, path)
      const { headers } = response
      expect(headers['cache-control'], path).to.equal('no-store')
      expect(headers['x-content-type-options'], path).to.equal('nosniff')
      expect(headers['referrer-policy'], path).to.equal('no-referrer')
      expect(headers['cross-origin-resource-policy'], path).to.equal('same-origin')
      expect(headers['content-security-policy'], path)
        .to.contain("default-src 'none'")
        .and.not.to.contain('unsafe')
      expect(headers['content-security-policy'], path).to.contain("frame-ancestors 'none'")
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).to.deep.equal([])
      response.destroy()
    }
  })

  it('does not answer to names of other sites', async () => {
    const inspector = use(await startInspector())
    const response = await request(inspector, '/events', { headers: { host: 'evil.example' } })
    expect(response.statusCode).to.equal(403)
    expect(await text(response)).to.contain('localhost')
  })

  it('accepts only GET', async () => {
    const inspector = use(await startInspector())
    const response = await fetch(inspector.url, { method: 'POST', body: 'x' })
    expect(response.status).to.equal(405)
    expect(response.headers.get('allow')).to.equal('GET')
    await response.text()
  })

  it('serves no other files', async () => {
    const inspector = use(await startInspector())
    for (const path of [
      '/package.json',
      '/..%2f..%2fpackage.json',
      '/constructor',
      '/__proto__',
      '//main.js',
    ]) {
      const response = await request(inspector, '/', { path })
      expect(response.statusCode, path).to.equal(404)
      response.resume()
    }
  })

  it('streams the data', async () => {
    const inspector = use(await startInspector())
    const response = await request(inspector, '/events')
    expect(response.headers['content-type']).to.equal('text/event-stream; charset=utf-8')
    const [chunk] = (await once(response, 'data')) as [Buffer]
    expect(chunk.toString()).to.match(/event: overview\ndata: \{"at":\d+,"pid":\d+,/)
    response.destroy()
  })

  it('streams to a limited number of pages', async () => {
    const inspector = use(await startInspector())
    const open = await Promise.all(Array.from({ length: MOST_STREAMS }, () => request(inspector, '/events')))
    const surplus = await request(inspector, '/events')
    expect(surplus.statusCode).to.equal(503)
    for (const response of [...open, surplus]) response.destroy()
  })

  it('serves nothing without the token, and everything with it', async () => {
    const inspector = use(await startInspector({ token: 'sesame open' }))
    const refused = await request(inspector, '/events')
    expect(refused.statusCode).to.equal(401)
    refused.resume()
    const exchanged = await request(inspector, '/?token=sesame%20open')
    expect(exchanged.statusCode).to.equal(303)
    exchanged.resume()
    const [cookie = ''] = exchanged.headers['set-cookie'] ?? []
    for (const headers of [{ cookie: cookie.split(';')[0] }, { authorization: 'Bearer sesame open' }]) {
      const response = await request(inspector, '/events', { headers })
      expect(response.statusCode).to.equal(200)
      response.destroy()
    }
  })
})
