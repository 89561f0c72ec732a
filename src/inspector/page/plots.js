// Plots as SVG: the style sheet colors them, in light and in dark.
import { element, setAttribute, setText } from './text.js'

const NAMESPACE = 'http://www.w3.org/2000/svg'
const STATUSES = ['connecting', 'opening', 'open', 'waiting', 'closing', 'closed']
/** Seconds that a line of the table shows, and seconds that the plots show. */
export const SPARK = 60
export const HISTORY = 180

const WIDTH = 420
const HEIGHT = 62
/** Space above the curve, for the number of its maximum. */
const TOP = 14

function shape(name, attributes) {
  const created = document.createElementNS(NAMESPACE, name)
  for (const [key, value] of Object.entries(attributes)) created.setAttribute(key, value)
  return created
}

/** Returns the latest values, with `null` for each second before the first one. */
function filled(values, seconds) {
  return [...Array(Math.max(0, seconds - values.length)).fill(null), ...values]
}

/** Splits a series where values are missing, and returns the points of each part. */
function partsOf(values, width, height, top, most) {
  const step = width / Math.max(1, values.length - 1)
  const parts = [[]]
  for (const [index, value] of values.entries()) {
    if (value === null) parts.push([])
    else parts.at(-1).push([index * step, height - 1 - (value / most) * (height - 2 - top)])
  }
  return parts.filter((part) => part.length > 0)
}

const at = ([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`

/** Returns a line through the values. A single value becomes a short dash. */
function lineThrough(parts) {
  return parts.map((part) => `M${part.map(at).join('L')}${part.length === 1 ? 'h2' : ''}`).join('')
}

function areaBelow(parts, height) {
  return parts
    .map((part) => `M${part[0][0].toFixed(1)} ${height}L${part.map(at).join('L')}V${height}Z`)
    .join('')
}

/** The received messages of a line of the table. */
export function createSpark() {
  const svg = shape('svg', {
    class: 'spark',
    viewBox: '0 0 106 20',
    preserveAspectRatio: 'none',
    'aria-hidden': 'true',
  })
  const area = svg.appendChild(shape('path', { class: 'area' }))
  const curve = svg.appendChild(shape('path', { class: 'curve' }))
  return {
    svg,
    update(values) {
      const most = Math.max(1, ...values)
      const parts = partsOf(filled(values, SPARK), 106, 20, 1, most)
      setAttribute(curve, 'd', lineThrough(parts))
      setAttribute(area, 'd', areaBelow(parts, 20))
    },
  }
}

/** One or two curves with their maximum. The second one is dashed. */
export function createPlot(format) {
  const svg = shape('svg', {
    class: 'plot',
    role: 'img',
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
  })
  svg.append(
    shape('path', { class: 'grid-line', d: `M0 ${TOP}H${WIDTH}`, 'vector-effect': 'non-scaling-stroke' }),
  )
  const area = svg.appendChild(shape('path', { class: 'area' }))
  const curves = [shape('path', { class: 'curve' }), shape('path', { class: 'curve second' })]
  svg.append(...curves)
  const label = element('span', '')
  return {
    box: element('div', 'plot-box', svg, label),
    update(title, ...series) {
      const most = Math.max(0, ...series.flat())
      for (const [index, values] of series.entries()) {
        const parts = partsOf(filled(values, HISTORY), WIDTH, HEIGHT, TOP, most || 1)
        setAttribute(curves[index], 'd', lineThrough(parts))
        if (index === 0) setAttribute(area, 'd', areaBelow(parts, HEIGHT))
      }
      setText(label, most > 0 ? `max ${format(most)}` : '')
      setAttribute(svg, 'aria-label', `${title}, at most ${format(most)}`)
    },
  }
}

/** Height of each status in the strip, in percent, because color alone is not enough. */
const HEIGHTS = { connecting: 60, opening: 60, open: 100, waiting: 35, closing: 15, closed: 15 }

/** Returns runs of the same status, as [status, first second, number of seconds]. */
function runsOf(values) {
  const runs = []
  for (const [index, value] of values.entries()) {
    const status = value === null ? undefined : STATUSES[value]
    const last = runs.at(-1)
    if (last && last[0] === status) last[2] += 1
    else runs.push([status, index, 1])
  }
  return runs.filter(([status]) => status !== undefined)
}

/** The statuses of a connection as a colored strip. A status is named in its part if there is space. */
export function createStates() {
  const svg = shape('svg', { class: 'plot states', role: 'img' })
  return {
    svg,
    update(values) {
      const share = 100 / HISTORY
      const runs = runsOf(filled(values, HISTORY))
      while (svg.childElementCount > runs.length) svg.lastElementChild.remove()
      while (svg.childElementCount < runs.length) {
        const group = svg.appendChild(shape('g', {}))
        group.append(shape('rect', {}), shape('text', { y: '12' }))
      }
      for (const [index, [status, start, seconds]] of runs.entries()) {
        const [rectangle, text] = svg.children[index].children
        setAttribute(rectangle, 'class', `state-${status}`)
        setAttribute(rectangle, 'y', `${100 - HEIGHTS[status]}%`)
        setAttribute(rectangle, 'height', `${HEIGHTS[status]}%`)
        setAttribute(rectangle, 'x', `${start * share}%`)
        setAttribute(rectangle, 'width', `${Math.max(0.4, seconds * share - 0.15)}%`)
        setAttribute(text, 'x', `${start * share + 1.2}%`)
        setAttribute(text, 'class', `on-${status}`)
        setText(text, seconds * share > 14 ? status : '')
      }
      const last = runs.map(([status, , seconds]) => `${status} ${seconds} s`).slice(-8)
      setAttribute(svg, 'aria-label', `Statuses, oldest first: ${last.join(', ')}`)
    },
  }
}
