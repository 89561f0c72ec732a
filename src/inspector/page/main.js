// Keeps the rows up to date with the stream of the inspector, and shows them. One stream serves the table and the selected connection.
import { Details } from './details.js'
import { SPARK } from './plots.js'
import { Table } from './table.js'
import { count, element, nextAttempt, setAttribute, setText, shownName } from './text.js'

/** Number of problems that are written out. */
const MOST_PROBLEMS = 4
/** Time without an event after which the page no longer counts as live, in milliseconds. */
const LONGEST_SILENCE = 5_000
/** Time for which the selection must stay the same before the stream follows it, in milliseconds. */
const SETTLED = 120

/** Number of names at the beginning of a problem that several connections have. */
const MOST_NAMES = 3
const PLURALS = { 'is ': 'are ', 'has ': 'have ' }
const LIST = new Intl.ListFormat('en', { type: 'conjunction' })

const byId = (id) => document.getElementById(id)
const rows = new Map()
const statuses = new Map()
const details = new Details()
const table = new Table(rows, onSelect)
let stream
let selectTimer
let facts = { pid: 0, hidden: 0 }
/** Time of the process, and the time of this page at which it was received. */
let clock = { server: 0, page: 0 }
let isPaused = false

const now = () => clock.server + performance.now() - clock.page

function connect() {
  stream?.close()
  const { selected } = table
  stream = new EventSource(
    selected === undefined ? './events' : `./events?${new URLSearchParams({ connection: selected })}`,
  )
  stream.addEventListener('overview', ({ data }) => onOverview(JSON.parse(data)))
  stream.addEventListener('changes', ({ data }) => onChanges(JSON.parse(data)))
  stream.addEventListener('error', () => {
    showLink()
    // After an HTTP error, the browser does not try again.
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, 2_000)
  })
}

function onSelect(name) {
  if (table.isChosen) history.replaceState(null, '', `#${encodeURIComponent(name)}`)
  clearTimeout(selectTimer)
  selectTimer = setTimeout(connect, SETTLED)
}

function onOverview(overview) {
  takeTime(overview)
  facts = overview
  rows.clear()
  for (const row of overview.rows) rows.set(row.connection, row)
  if (overview.details && overview.details.connection === table.selected) details.replace(overview.details)
  render()
  suggest()
}

/** Until the user chooses a connection, the page shows the one with the worst problem. */
function suggest() {
  const wanted = wantedName()
  if (table.selected === undefined && rows.has(wanted)) return table.choose(wanted)
  const selected = rows.get(table.selected)
  if (selected && (table.isChosen || selected.problem?.level === 'bad')) return
  const [worst = selected ?? rows.values().next().value] = troubled()
  if (worst) table.suggest(worst.connection)
}

/** Returns the name in the address; a person may have changed it to something that cannot be decoded. */
function wantedName() {
  try {
    return decodeURIComponent(location.hash.slice(1))
  } catch {
    return ''
  }
}

function onChanges({ rows: changed, removed, details: changes, ...overview }) {
  takeTime(overview)
  facts = { ...facts, ...overview }
  for (const { connection, ...values } of changed) {
    const row = rows.get(connection) ?? { connection, spark: [] }
    rows.set(connection, Object.assign(row, values))
  }
  for (const name of removed) rows.delete(name)
  for (const row of rows.values()) row.spark = [...row.spark, row.received].slice(-SPARK)
  if (table.selected !== undefined && !rows.has(table.selected)) details.clear()
  else details.change(changes)
  if (isPaused) return
  render()
  suggest()
}

function takeTime({ at }) {
  clock = { server: at, page: performance.now() }
}

function render() {
  const time = now()
  table.render(time)
  const selected = rows.get(table.selected)
  if (selected) details.render(selected, shownName(selected, rows), time)
  renderSummary()
  renderProblems(time)
  renderEmpty()
  announce()
  showLink()
}

function renderSummary() {
  const all = [...rows.values()]
  const parts = [[all.length, all.length === 1 ? 'connection' : 'connections']]
  for (const status of ['open', 'waiting', 'connecting', 'opening', 'closing', 'closed']) {
    const number = all.filter((row) => row.status === status).length
    if (number > 0) parts.push([number, status])
  }
  const sum = (key) => all.reduce((total, row) => total + row[key], 0)
  parts.push([sum('received'), 'msg/s in'], [sum('sent'), 'msg/s out'])
  if (facts.hidden > 0) parts.push([facts.hidden, 'not shown'])
  const summary = byId('summary')
  while (summary.childElementCount > parts.length) summary.lastElementChild.remove()
  while (summary.childElementCount < parts.length)
    summary.append(element('span', '', element('b', ''), ' ', element('i', '')))
  for (const [index, [number, label]] of parts.entries()) {
    const [value, unit] = summary.children[index].children
    setText(value, count(number))
    setText(unit, label)
  }
  const waiting = all.filter((row) => row.problem?.level === 'bad').length
  const title = `${waiting > 0 ? `(${waiting}) ` : ''}Holdfast inspector, process ${facts.pid}`
  if (document.title !== title) document.title = title
}

/** Returns the rows with problems, the worst first. */
function troubled() {
  const order = { bad: 0, warn: 1 }
  return [...rows.values()]
    .filter(({ problem }) => problem !== null)
    .sort((left, right) => order[left.problem.level] - order[right.problem.level] || left.since - right.since)
}

/** Returns the rows with problems in groups of the same problem, the worst first. */
function problemGroups() {
  const groups = new Map()
  for (const row of troubled()) groups.set(row.problem.text, [...(groups.get(row.problem.text) ?? []), row])
  return [...groups.values()]
}

function renderProblems(time) {
  const list = byId('problem-list')
  const groups = problemGroups()
  const shown = groups.length > MOST_PROBLEMS ? groups.slice(0, MOST_PROBLEMS - 1) : groups
  const more = groups.slice(shown.length).flat().length
  const length = rows.size === 0 ? 0 : Math.max(1, shown.length + (more > 0 ? 1 : 0))
  while (list.childElementCount > length) list.lastElementChild.remove()
  while (list.childElementCount < length) list.append(element('li', ''))
  for (const [index, group] of shown.entries()) renderProblem(list.children[index], group, time)
  if (more > 0)
    renderNote(list.lastElementChild, 'more', `${count(more)} more with problems: first in the table`)
  if (length > 0 && groups.length === 0) renderNote(list.firstElementChild, 'calm', 'No problems')
}

function renderNote(item, className, text) {
  setAttribute(item, 'class', className)
  setText(item, text)
}

function renderProblem(item, group, time) {
  const [row] = group
  const { problem } = row
  setAttribute(item, 'class', problem.level)
  if (item.firstElementChild?.localName !== 'button') {
    const sentence = element('span', 'sentence', element('b', ''), element('span', ''))
    const button = element('button', '', element('span', 'mark'), sentence)
    button.type = 'button'
    button.addEventListener('click', () => {
      table.choose(item.dataset.name)
      details.focus()
    })
    item.replaceChildren(button)
  }
  item.dataset.name = row.connection
  const [mark, sentence] = item.firstElementChild.children
  setText(mark, problem.level === 'bad' ? '▲' : '!')
  const names = group.slice(0, MOST_NAMES).map((each) => shownName(each, rows))
  if (group.length > MOST_NAMES) names.push(`${count(group.length - MOST_NAMES)} more`)
  setText(sentence.children[0], LIST.format(names))
  const predicate =
    group.length > 1 ? problem.text.replace(/^(is|has) /, (verb) => PLURALS[verb]) : problem.text
  setText(sentence.children[1], ` ${predicate}${nextAttempt(problem, time)}`)
}

function renderEmpty() {
  const place = byId('empty')
  if (rows.size > 0) return setText(place, table.length > 0 ? '' : 'No connection matches the filter.')
  if (place.childElementCount > 0) return
  place.replaceChildren(
    element('h3', '', 'No connections yet'),
    element(
      'p',
      '',
      'Every Holdfast connection of this process appears here as soon as it starts. Start one:',
    ),
    element(
      'pre',
      '',
      "import { bootstrap } from 'holdfast'\n\nawait bootstrap(PriceClient, 'wss://feed.example.com')",
    ),
    element(
      'p',
      '',
      'Does your application have connections that are missing here? Then it runs in another process, or in a worker thread: call startInspector() there.',
    ),
  )
}

/** Announces changes of status to screen readers. */
function announce() {
  const changed = []
  for (const row of rows.values()) {
    const before = statuses.get(row.connection)
    const text = row.problem?.level === 'bad' ? row.problem.text : `is ${row.status}`
    if (before !== undefined && before !== text) changed.push(`${shownName(row, rows)} ${text}`)
    statuses.set(row.connection, text)
  }
  for (const name of statuses.keys()) if (!rows.has(name)) statuses.delete(name)
  if (changed.length === 0) return
  const more = changed.length - 3
  setText(
    byId('announcer'),
    [...changed.slice(0, 3), ...(more > 0 ? [`${more} more changed`] : [])].join('. '),
  )
}

function showLink() {
  const isLive = stream.readyState === EventSource.OPEN && performance.now() - clock.page < LONGEST_SILENCE
  const state = isLive ? (isPaused ? 'paused' : 'live') : 'lost'
  const text = { live: 'live', paused: 'paused', lost: 'process not reachable, trying again' }[state]
  setAttribute(byId('link-state'), 'data-state', state)
  setText(byId('link-state'), clock.server === 0 && !isLive ? 'connecting' : text)
}

function onFilter() {
  table.setFilter(byId('filter').value, byId('only-problems').checked)
  render()
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const isTyping = event.target === byId('filter')
  if (event.key === 'Escape') {
    if (isTyping) {
      byId('filter').value = ''
      onFilter()
    }
    table.focus()
  } else if (isTyping) {
    if (event.key === 'Enter' || event.key === 'ArrowDown') table.focus()
  } else if (event.key === 'Enter' && event.target === byId('scroller')) {
    details.focus()
  } else if (event.key === '/') {
    event.preventDefault()
    byId('filter').focus()
  } else if (event.key.toLowerCase() === 'p') {
    isPaused = !isPaused
    render()
  }
}

byId('filter').addEventListener('input', onFilter)
byId('only-problems').addEventListener('change', onFilter)
document.addEventListener('keydown', onKey)
setInterval(showLink, 1_000)
connect()
