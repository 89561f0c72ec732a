// Everything about the selected connection.
import { HISTORY, createPlot, createStates } from './plots.js'
import {
  age,
  bytes,
  count,
  element,
  milliseconds,
  nextAttempt,
  setAttribute,
  setText,
  timeOfDay,
} from './text.js'

const MOST_ENTRIES = 40

const HANDLER_COLUMNS = ['Handler', 'Calls', 'Errors', 'Mean', 'Max']

function section(title, ...children) {
  const note = element('span', '')
  return { note, section: element('section', '', element('h3', '', title, note), ...children) }
}

export class Details {
  #title = document.getElementById('details-title')
  #body = document.getElementById('details-body')
  #data
  #states = createStates()
  #rates = createPlot(count)
  #latency = createPlot((value) => milliseconds(value))
  #depth = createPlot(count)
  #buffered = createPlot(bytes)
  #where = element('p', '')
  #reason = element('p', 'reason')
  #totals = element('p', 'soft')
  #handlers = element('tbody', '')
  #errors = element('ol', 'entries')
  #timeline = element('ol', 'entries')
  #sections

  constructor() {
    const head = element(
      'thead',
      '',
      element('tr', '', ...HANDLER_COLUMNS.map((title) => element('th', '', title))),
    )
    for (const cell of head.querySelectorAll('th')) cell.scope = 'col'
    const times = element('div', 'times', element('span', '', '3 min ago'), element('span', '', 'now'))
    this.#sections = {
      states: section('Status', this.#states.svg, times),
      rates: section('Messages/s', this.#rates.box),
      latency: section('Latency', this.#latency.box),
      depth: section('Waiting', this.#depth.box),
      buffered: section('Buffered', this.#buffered.box),
      errors: section('Last errors', this.#errors),
      handlers: section('Handlers', element('table', '', head, this.#handlers)),
      timeline: section('State timeline', this.#timeline),
    }
    this.#clear('Details', 'Select a connection to see its timeline, errors, and handlers.')
  }

  /** Receives everything about another connection. */
  replace(data) {
    this.#data = data
    if (this.#body.contains(this.#where)) return
    const { states, rates, latency, depth, buffered, errors, handlers, timeline } = this.#sections
    const plots = element('div', 'plots', ...[rates, latency, depth, buffered].map(({ section }) => section))
    this.#body.replaceChildren(
      this.#where,
      this.#reason,
      states.section,
      plots,
      errors.section,
      handlers.section,
      timeline.section,
      this.#totals,
    )
  }

  /** Receives what has changed within a second. */
  change(changes) {
    const data = this.#data
    if (!data || !changes || changes.connection !== data.connection) return
    for (const [name, values] of Object.entries(data.plots))
      data.plots[name] = [...values, ...changes.plots[name]].slice(-HISTORY)
    Object.assign(data, { totals: changes.totals, lastSeen: changes.lastSeen })
    data.timeline = merged(data.timeline, changes.timeline, 'id').slice(-MOST_ENTRIES)
    data.errors = merged(data.errors, changes.errors, 'id').slice(-MOST_ENTRIES)
    data.handlers = merged(data.handlers, changes.handlers, 'name')
  }

  clear() {
    this.#data = undefined
    this.#clear('Details', 'This connection is not in the list anymore. Select another one.')
  }

  focus() {
    document.getElementById('details').focus()
  }

  render(row, name, now) {
    // The details of a newly selected connection arrive a little later.
    if (this.#data?.connection !== row.connection) return
    const { plots, totals, lastSeen } = this.#data
    setText(this.#title, name)
    const facts = [
      row.url ?? 'no URL yet',
      row.client === row.class ? undefined : `class ${row.class}`,
      `link ${row.links}`,
      lastSeen === null ? 'no data yet' : `last data ${age(now - lastSeen)} ago`,
    ]
    setText(this.#where, facts.filter((fact) => fact !== undefined).join(' · '))
    const { problem } = row
    setText(
      this.#reason,
      problem ? capitalized(problem.text.replace(/^(is|has) /, '')) + nextAttempt(problem, now) : '',
    )
    setAttribute(this.#reason, 'class', `reason ${problem?.level ?? ''}`)
    setText(this.#sections.states.note, `${row.status} for ${age(now - row.since)}`)
    this.#states.update(plots.status)
    this.#renderPlots(plots, row)
    this.#renderHandlers()
    this.#renderEntries(this.#errors, this.#data.errors, 'No errors.')
    this.#renderEntries(this.#timeline, this.#data.timeline, 'No changes since the inspector started.')
    setText(this.#totals, totalsText(totals))
  }

  #renderPlots(plots, row) {
    const { rates, latency, depth, buffered } = this.#sections
    this.#rates.update('Messages per second', plots.received, plots.sent)
    setText(rates.note, `— ${count(row.received)} in  ┄ ${count(row.sent)} out`)
    this.#latency.update('Latency', plots.latency)
    setText(latency.note, row.latency === null ? 'not measured' : milliseconds(row.latency))
    this.#depth.update('Waiting messages', plots.queued, plots.outbox)
    setText(depth.note, `— ${count(row.queued)} queue  ┄ ${count(row.outbox)} outbox`)
    this.#buffered.update('Buffered bytes', plots.buffered)
    setText(buffered.note, bytes(row.buffered))
  }

  #renderHandlers() {
    const { handlers } = this.#data
    while (this.#handlers.childElementCount > handlers.length) this.#handlers.lastElementChild.remove()
    while (this.#handlers.childElementCount < handlers.length)
      this.#handlers.append(element('tr', '', ...HANDLER_COLUMNS.map(() => element('td', ''))))
    for (const [index, { name, event, calls, errors, average, longest }] of handlers.entries()) {
      const { cells } = this.#handlers.rows[index]
      cells[0].className = 'code'
      setText(cells[0], event ? `${name.slice(name.indexOf('#') + 1)} ${event}` : name)
      setText(cells[1], count(calls))
      setText(cells[2], count(errors))
      cells[2].className = errors > 0 ? 'strong' : ''
      setText(cells[3], milliseconds(average))
      setText(cells[4], milliseconds(longest))
    }
    setText(this.#sections.handlers.note, handlers.length === 0 ? 'none' : '')
  }

  #renderEntries(list, entries, placeholder) {
    const newestFirst = entries.toReversed()
    const shown = newestFirst.length > 0 ? newestFirst : [{ text: placeholder, level: 'none', times: 1 }]
    while (list.childElementCount > shown.length) list.lastElementChild.remove()
    while (list.childElementCount < shown.length)
      list.append(element('li', '', element('time', ''), element('span', '')))
    for (const [index, { at, level, text, times }] of shown.entries()) {
      const item = list.children[index]
      setAttribute(item, 'class', level)
      setText(item.children[0], at === undefined ? '' : timeOfDay(at))
      setText(item.children[1], times > 1 ? `${text} (${count(times)} times)` : text)
    }
  }

  #clear(title, text) {
    setText(this.#title, title)
    this.#body.replaceChildren(element('p', '', text))
  }
}

/** Replaces the changed items, and adds new ones at the end. */
function merged(items, changed, key) {
  const all = new Map(items.map((item) => [item[key], item]))
  for (const item of changed) all.set(item[key], item)
  return [...all.values()]
}

function capitalized(text) {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function totalsText(totals) {
  const parts = [
    `${count(totals.received)} messages received (${bytes(totals.receivedBytes)})`,
    `${count(totals.sent)} sent (${bytes(totals.sentBytes)})`,
    `${count(totals.dropped)} dropped`,
    `${count(totals.requests)} requests, ${count(totals.failedRequests)} failed`,
    `${count(totals.attempts)} attempts, ${count(totals.failedAttempts)} failed`,
  ]
  return `Since the inspector started: ${parts.join(' · ')}.`
}
