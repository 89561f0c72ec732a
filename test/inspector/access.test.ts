import { expect } from 'chai'
import type { IncomingHttpHeaders } from 'node:http'
import { Access, isLoopback } from '#src/inspector/access.js'

const TOKEN = 'correct horse battery staple'

function status(access: Access, headers: IncomingHttpHeaders, url = '/', method = 'GET'): number {
  return access.refusalOf({ method, url, headers })?.status ?? 200
}

describe('isLoopback', () => {
  it('accepts only this machine', () => {
    for (const host of ['localhost', '127.0.0.1', '127.8.9.1', '::1', '[::1]'])
      expect(isLoopback(host), host).to.be.true
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'localhost.example.com', '127.0.0.1.example.com', ''])
      expect(isLoopback(host), host).to.be.false
  })
})

describe('Access', () => {
  describe('without a token', () => {
    const access = new Access(undefined, 7_000)

    it('allows loopback names on any port, because ports can be forwarded', () => {
      for (const host of ['localhost', 'localhost:7000', '127.0.0.1:8000', '[::1]:7000'])
        expect(status(access, { host }), host).to.equal(200)
    })

    it('refuses all other names, which a site can resolve to 127.0.0.1 (DNS rebinding)', () => {
      for (const host of [
        'evil.example',
        'evil.example:7000',
        'localhost.evil.example',
        '10.0.0.1',
        '',
        'a b',
        undefined,
      ])
        expect(status(access, { host }), host).to.equal(403)
      expect(status(access, { host: 'evil.example@127.0.0.1' })).to.equal(200)
    })
  })

  describe('with a token', () => {
    const access = new Access(TOKEN, 7_000)
    const host = 'inspector.internal:7000'

    it('refuses requests without it, also from loopback', () => {
      expect(status(access, { host })).to.equal(401)
      expect(status(access, { host: 'localhost:7000' }, '/events')).to.equal(401)
    })

    it('refuses other tokens', () => {
      const wrong = `${TOKEN.slice(0, -1)}X`
      expect(status(access, { host, authorization: `Bearer ${wrong}` })).to.equal(401)
      expect(status(access, { host, authorization: 'Bearer ' })).to.equal(401)
      expect(status(access, { host, authorization: `Basic ${TOKEN}` })).to.equal(401)
      expect(status(access, { host }, `/?token=${encodeURIComponent(wrong)}`)).to.equal(401)
      expect(status(access, { host, cookie: `holdfast-inspector-7000=${wrong}` })).to.equal(401)
      expect(status(access, { host }, '/?token=')).to.equal(401)
    })

    it('accepts it in the Authorization header', () => {
      expect(status(access, { host, authorization: `Bearer ${TOKEN}` })).to.equal(200)
    })

    it('exchanges it in the URL for a cookie, which does not contain it', () => {
      const url = `/?token=${encodeURIComponent(TOKEN)}`
      const refusal = access.refusalOf({ method: 'GET', url, headers: { host } })
      expect(refusal?.status).to.equal(303)
      expect(refusal?.headers?.['location']).to.equal('./')
      const cookie = refusal?.headers?.['set-cookie'] ?? ''
      expect(cookie).to.match(/^holdfast-inspector-7000=[0-9a-f]{64}; HttpOnly; SameSite=Lax$/)
      const [pair = ''] = cookie.split(';')
      expect(status(access, { host, cookie: `a=b; ${pair}` })).to.equal(200)
    })

    it('refuses the token as the value of the cookie', () => {
      const cookie = `holdfast-inspector-7000=${TOKEN}`
      expect(status(access, { host, cookie })).to.equal(401)
    })

    it('explains what to do', () => {
      const text = (url: string): string | undefined =>
        access.refusalOf({ method: 'GET', url, headers: {} })?.text
      expect(text('/')).to.contain('?token=…').and.to.contain('Authorization: Bearer')
      expect(text('/?token=x')).to.contain('not the token')
    })
  })

  it('refuses everything but GET', () => {
    const access = new Access(undefined, 7_000)
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'])
      expect(status(access, { host: 'localhost' }, '/', method), method).to.equal(405)
  })

  it('refuses requests that other sites send from the same browser, except links', () => {
    const access = new Access(undefined, 7_000)
    const host = 'localhost'
    for (const site of ['cross-site', 'same-site']) {
      expect(status(access, { host, 'sec-fetch-site': site, 'sec-fetch-mode': 'cors' })).to.equal(403)
      const navigation = { host, 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate' }
      expect(status(access, { ...navigation, 'sec-fetch-dest': 'document' })).to.equal(200)
      // The stream would stay open in a frame.
      expect(status(access, { ...navigation, 'sec-fetch-dest': 'iframe' })).to.equal(403)
    }
    expect(status(access, { host, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' })).to.equal(200)
  })
})
