import { expect } from 'chai'
import { bootstrap, defineHandlers } from 'holdfast'
import { startInspector } from 'holdfast/inspector'
import { startTestServer } from 'holdfast/testing'
import { disposal } from '../../.build/test/support/disposal.js'
import { FakeLiveConnection, REFUSED } from '../../.build/test/support/live-connection.js'
import { openBrowser } from './browser.js'

const HOSTILE = '<img src=x onerror="window.isHacked = true"><script>window.isHacked = true</script>'

/** Adds three connections, one of which waits. */
function addThree() {
  const chat = new FakeLiveConnection('chat#1', { class: 'ChatClient', latency: 8.9 })
  const trades = new FakeLiveConnection('trades#1', {
    class: 'TradesClient',
    handlers: [{ name: 'TradesClient#trade', event: "@OnMessage('trade')" }],
  })
  const prices = new FakeLiveConnection('prices#1', { class: 'PricesClient', url: 'ws://127.0.0.1:9/' })
  return { chat, trades, prices }
}

describe('The page of the inspector', () => {
  const use = disposal()
  const connections = []
  let browser
  let page
  let inspector

  before(async () => {
    browser = await openBrowser()
    ;({ page } = browser)
  })

  after(() => browser[Symbol.asyncDispose]())

  beforeEach(async () => {
    inspector = await startInspector()
    browser.complaints.length = 0
    browser.requests.length = 0
    await page.emulateMedia({ colorScheme: 'light' })
  })

  afterEach(async () => {
    for (const connection of connections.splice(0)) connection.end()
    await page.goto('about:blank')
    await inspector.close()
  })

  function show(all) {
    connections.push(...all)
    return page.goto(inspector.url)
  }

  /** Waits until a text is visible in an element. */
  async function shows(selector, text) {
    await page.locator(selector).filter({ hasText: text }).first().waitFor({ timeout: 10_000 })
  }

  const names = () =>
    page.locator('#rows [role=row]').evaluateAll((rows) => rows.map((row) => row.dataset.name))

  it('shows what to do if there are no connections', async () => {
    await show([])
    await shows('#empty', /No connections yet.*await bootstrap\(/s)
    // Plots of nothing would look like a failure.
    await shows('#details', 'Select a connection')
    expect(browser.complaints).to.deep.equal([])
  })

  it('shows in one sentence what is wrong: which connection waits, why, and when it tries again', async () => {
    const { chat, trades, prices } = addThree()
    prices.wait(REFUSED, 4, 30_000)
    await show([chat, trades, prices])
    const sentence =
      /^▲prices is waiting to reconnect: connect ECONNREFUSED 127\.0\.0\.1:9 \(attempt 4 in \d\d s\)$/
    await shows('#problem-list li', sentence)
    await shows('#summary', /3 connections.*2 open.*1 waiting/)
    expect(await names()).to.deep.equal(['prices#1', 'chat#1', 'trades#1'])
    // The connection with the problem is selected, and its details explain how it came to this.
    await shows('#details-title', /^prices$/)
    await shows('#details', 'attempt 3 failed after 3 ms: connect ECONNREFUSED 127.0.0.1:9')
    expect(await page.title()).to.match(/^\(1\) Holdfast inspector/)
  })

  it('shows real connections', async () => {
    class TradesClient {
      trade({ n }) {
        if (n === 3) throw new Error('cannot take 3')
      }
    }
    defineHandlers(TradesClient, { message: [['trade', 'trade']] })
    const server = use(await startTestServer())
    const options = { url: server.url, name: 'trades', route: 'type', logger: false }
    const client = await bootstrap(TradesClient, options)
    try {
      const { socket } = await server.connection(1)
      await page.goto(inspector.url)
      await shows('#rows [role=row]', /open\s*trades/)
      for (let n = 1; n <= 5; n += 1) socket.send(JSON.stringify({ type: 'trade', n }))
      await shows('#details table tr', /trade message: \['trade', 'trade'\]\s*5\s*1/)
      await shows('#details', 'cannot take 3')
      await shows('#details', '5 messages received')
      server.connections[0].socket.terminate()
      await shows('#details', 'connection lost')
    } finally {
      await client.close()
    }
    await shows('#rows [role=row]', 'closed')
  })

  it('updates itself, and announces changes of status to screen readers', async () => {
    const { chat, trades, prices } = addThree()
    await show([chat, trades, prices])
    await shows('#problem-list', 'No problems')
    await page.evaluate(() => {
      window.isSamePage = true
    })
    await page.locator('#rows [data-name="trades#1"]').click()
    await shows('#details-title', /^trades$/)
    trades.receive(37)
    await shows('#details .plot-box', /^max 37$/)
    prices.wait(REFUSED, 2, 60_000)
    await shows('#announcer', 'prices is waiting to reconnect: connect ECONNREFUSED 127.0.0.1:9')
    await shows('#rows [data-name="prices#1"]', 'waiting')
    const added = new FakeLiveConnection('orders#1')
    connections.push(added)
    await shows('#rows', 'orders#1')
    prices.setStatus('open')
    await shows('#announcer', 'prices is open')
    expect(await page.evaluate(() => window.isSamePage)).to.equal(true)
  })

  it('plots the last minutes', async () => {
    const trades = new FakeLiveConnection('trades#1', { latency: 20 })
    await show([trades])
    for (const rate of [10, 20, 30]) {
      trades.receive(rate)
      await shows('#details .plot-box', new RegExp(`^max ${rate}$`))
    }
    const path = await page.locator('#details .plot .curve').first().getAttribute('d')
    expect(path.match(/[ML]/g)).to.have.length.of.at.least(3)
    await page.locator('.plot.states[aria-label*="open"]').waitFor()
  })

  it('is usable with the keyboard alone', async () => {
    const { chat, trades, prices } = addThree()
    await show([chat, trades, prices])
    await shows('#rows', 'trades#1')
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent)
    const selected = () => page.locator('[aria-selected=true]').getAttribute('data-name')
    await page.keyboard.press('Tab')
    expect(await focused()).to.equal('filter')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    expect(await focused()).to.equal('scroller')
    const outline = await page.locator('#scroller').evaluate((each) => getComputedStyle(each).outlineStyle)
    expect(outline).to.equal('solid')
    await page.keyboard.press('Home')
    expect(await selected()).to.equal('chat#1')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    expect(await selected()).to.equal('trades#1')
    const active = await page.locator('#scroller').getAttribute('aria-activedescendant')
    expect(await page.locator(`#${active}`).getAttribute('data-name')).to.equal('trades#1')
    await shows('#details-title', /^trades$/)
    await page.keyboard.press('Enter')
    expect(await focused()).to.equal('details')
    await page.keyboard.press('Escape')
    expect(await focused()).to.equal('scroller')
    await page.keyboard.press('/')
    await page.keyboard.type('pri')
    await page.keyboard.press('Enter')
    expect(await names()).to.deep.equal(['prices#1'])
    await page.keyboard.press('ArrowDown')
    expect(await selected()).to.equal('prices#1')
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Space')
    await shows('#empty', 'No connection matches the filter.')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    expect(await focused()).to.match(/^Status/)
    expect(browser.complaints).to.deep.equal([])
  })

  it('sorts by each column', async () => {
    const { chat, trades, prices } = addThree()
    chat.set({ queuedMessages: 5 })
    prices.set({ queuedMessages: 70 })
    await show([chat, trades, prices])
    await shows('#rows', 'trades#1')
    await page.getByRole('button', { name: 'Queue' }).click()
    expect(await names()).to.deep.equal(['prices#1', 'chat#1', 'trades#1'])
    await page.getByRole('button', { name: 'Queue' }).click()
    expect(await names()).to.deep.equal(['trades#1', 'chat#1', 'prices#1'])
    expect(await page.locator('[aria-sort=ascending]').textContent()).to.equal('Queue')
  })

  it('has enough contrast in light and in dark', async () => {
    const { chat, trades, prices } = addThree()
    prices.wait(REFUSED, 4, 30_000)
    trades.reportError('no JSON')
    await show([chat, trades, prices])
    await shows('#problem-list', 'no JSON')
    const grounds = []
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme })
      const { ground, low } = await page.evaluate(contrasts)
      grounds.push(ground)
      expect(low, colorScheme).to.deep.equal([])
    }
    expect(grounds[0]).to.be.above(0.8)
    expect(grounds[1]).to.be.below(0.05)
  })

  it('fits into 1280 × 800 without scrolling the page', async () => {
    const { chat, trades, prices } = addThree()
    prices.wait(REFUSED, 4, 30_000)
    await show([chat, trades, prices])
    await shows('#details-title', 'prices')
    const { width, height } = await page.evaluate(() => ({
      width: document.documentElement.scrollWidth,
      height: document.documentElement.scrollHeight,
    }))
    expect([width, height]).to.deep.equal([1280, 800])
  })

  it('stays fast with 200 connections, because only visible lines exist', async () => {
    const many = Array.from({ length: 200 }, (_, index) => new FakeLiveConnection(`feed-${index + 1}#1`))
    many[133].wait(REFUSED, 3, 60_000)
    await show(many)
    await shows('#summary', '200 connections')
    await shows('#problem-list', 'feed-134 is waiting to reconnect')
    expect((await names())[0]).to.equal('feed-134#1')
    expect(await page.locator('*').count()).to.be.below(1_200)

    // Time that the page's script needs for one second's changes of all connections.
    await page.evaluate(() => {
      window.longest = 0
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration)
      }).observe({ type: 'longtask' })
    })
    const timer = setInterval(() => {
      for (const connection of many) connection.receive()
    }, 100)
    await shows('#details', /[3-9]\d messages received/)
    clearInterval(timer)
    expect(await page.evaluate(() => window.longest)).to.be.below(250)

    await page.locator('#scroller').focus()
    await page.keyboard.press('End')
    await shows('#rows [aria-selected=true]', 'feed-200#1')
    expect(await page.locator('#scroller').getAttribute('aria-rowcount')).to.equal('201')
    expect(await page.locator('#rows [aria-selected=true]').getAttribute('aria-rowindex')).to.equal('201')
  })

  it('shows what a server sent as text', async () => {
    const { chat, trades, prices } = addThree()
    const error = { name: 'Error', message: `Connection closed by the peer with 4000 (${HOSTILE})` }
    prices.publish('holdfast:error', { error, stage: HOSTILE, handler: HOSTILE, fatal: false })
    prices.wait(error, 2, 30_000)
    trades.set({ url: `wss://x/${HOSTILE}`, handlers: [{ name: HOSTILE, event: HOSTILE }] })
    const hostile = new FakeLiveConnection(`${HOSTILE}#1`)
    await show([chat, trades, prices, hostile])
    await shows('#problem-list', '<img src=x onerror=')
    await page.locator('#rows [data-name="trades#1"]').click()
    await shows('#details td', '<img src=x')
    await page.locator('#rows [data-name^="<img"]').click()
    await shows('#details-title', '<img src=x')
    expect(await page.locator('img, script:not([src])').count()).to.equal(0)
    expect(await page.evaluate(() => window.isHacked)).to.equal(undefined)
    expect(browser.complaints).to.deep.equal([])
  })

  it('does not run code that gets into the page, because of its content security policy', async () => {
    await show([])
    await shows('#link-state', 'live')
    await page.evaluate(() => {
      const script = document.createElement('script')
      try {
        script.textContent = 'window.isHacked = true'
      } catch {
        // The policy forbids text that becomes code.
      }
      document.body.append(script)
    })
    expect(await page.evaluate(() => window.isHacked)).to.equal(undefined)
  })

  it('reconnects when the process has been restarted', async () => {
    const { chat, trades, prices } = addThree()
    await show([chat, trades, prices])
    await shows('#link-state', 'live')
    await page.locator('#rows [data-name="trades#1"]').click()
    const { port } = new URL(inspector.url)
    await inspector.close()
    await shows('#link-state', 'process not reachable')
    chat.end()
    inspector = await startInspector({ port: Number(port) })
    await shows('#link-state', 'live')
    await shows('#summary', '2 connections')
    await shows('#details-title', /^trades$/)
  })

  it('needs its token once, and removes it from the address bar', async () => {
    const token = 'correct horse battery staple'
    const guarded = use(await startInspector({ token }))
    connections.push(...Object.values(addThree()))
    const refused = await page.goto(guarded.url)
    expect(refused.status()).to.equal(401)
    await page.goto(`${guarded.url}?token=${encodeURIComponent(token)}`)
    await shows('#summary', '3 connections')
    expect(page.url()).to.not.contain('token')
    await page.reload()
    await shows('#summary', '3 connections')
    await page.goto('about:blank')
  })

  it('requests nothing from elsewhere, and reports no errors', async () => {
    const { chat, trades, prices } = addThree()
    prices.wait(REFUSED, 4, 30_000)
    await show([chat, trades, prices])
    await shows('#details-title', 'prices')
    const elsewhere = browser.requests.filter(
      (url) => !url.startsWith(inspector.url) && !url.startsWith('data:'),
    )
    expect(elsewhere).to.deep.equal([])
    expect(browser.requests).to.not.be.empty
    expect(browser.complaints).to.deep.equal([])
  })
})

/** Runs in the page: returns the brightness of the page, and all texts with a contrast below 4.5. */
function contrasts() {
  const parse = (color) => color.match(/[\d.]+/g).map(Number)
  const luminance = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map((value) => {
      const share = value / 255
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const groundOf = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = parse(getComputedStyle(each).backgroundColor)
      if (color.length === 3 || color[3] > 0) return color
    }
    return [255, 255, 255]
  }
  const low = []
  for (const element of document.querySelectorAll('body *')) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3 && node.data.trim() !== '')
    if (text.length === 0 || !element.checkVisibility() || element.closest('svg, noscript')) continue
    const [one, two] = [parse(getComputedStyle(element).color), groundOf(element)].map(luminance)
    const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05)
    if (contrast < 4.5) low.push(`${text[0].data}: ${contrast.toFixed(2)}`)
  }
  return { ground: luminance(groundOf(document.body)), low }
}
