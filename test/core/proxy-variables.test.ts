import { expect } from 'chai'
import { unusedProxy } from '#src/core/proxy-variables.js'

const URL = 'wss://feed.example.com:8443/v1'
const PROXY = 'http://user:secret@proxy.example.com:3128'

describe('unusedProxy', () => {
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'ALL_PROXY', 'all_proxy']) {
    it(`names ${name}, and nothing of its value`, () => {
      expect(unusedProxy(URL, { [name]: PROXY })).to.equal(
        `. ${name} is set, but was not used: Holdfast connects directly`,
      )
    })
  }

  it('is empty if no variable is set, or it is empty', () => {
    expect(unusedProxy(URL, {})).to.equal('')
    expect(unusedProxy(URL, { HTTPS_PROXY: '' })).to.equal('')
  })

  for (const excluded of ['*', 'feed.example.com', 'example.com', '.example.com', 'a.test, *.example.com']) {
    it(`is empty if NO_PROXY is ${excluded}`, () => {
      expect(unusedProxy(URL, { HTTPS_PROXY: PROXY, NO_PROXY: excluded })).to.equal('')
      expect(unusedProxy(URL, { HTTPS_PROXY: PROXY, no_proxy: excluded })).to.equal('')
    })
  }

  it('is not if NO_PROXY covers other hosts', () => {
    expect(unusedProxy(URL, { HTTPS_PROXY: PROXY, NO_PROXY: 'ample.com,localhost' })).not.to.equal('')
  })
})
