// The table of connections. Only the lines that are visible exist as elements, so that thousands of connections stay fast.
import { createSpark } from './plots.js'
import { age, bytes, count, countOrNothing, element, milliseconds, setAttribute, setText } from './text.js'

const ROW_HEIGHT = 28
/** Number of lines above and below the visible part. */
const SURPLUS = 6

const LEVELS = { bad: 2, warn: 1 }
const levelOf = (row) => LEVELS[row.problem?.level] ?? 0

/** Every column: its title, what its cells contain, and its order. The first one sorts by urgency. */
const COLUMNS = [
  { title: 'Status', text: (row) => row.status, order: levelOf, descends: true },
  { title: 'Connection', text: (row) => row.connection, order: (row) => row.connection, className: 'name' },
  { title: 'For', text: (row, now) => age(now - row.since), order: (row) => -row.since, className: 'soft' },
  { title: 'Received, 60 s', order: (row) => row.received, descends: true },
  {
    title: 'In /s',
    text: (row) => countOrNothing(row.received),
    order: (row) => row.received,
    descends: true,
  },
  { title: 'Out /s', text: (row) => countOrNothing(row.sent), order: (row) => row.sent, descends: true },
  {
    title: 'Latency',
    text: (row) => milliseconds(row.latency),
    order: (row) => row.latency ?? -1,
    descends: true,
  },
  { title: 'Queue', text: (row) => countOrNothing(row.queued), order: (row) => row.queued, descends: true },
  { title: 'Outbox', text: (row) => countOrNothing(row.outbox), order: (row) => row.outbox, descends: true },
  {
    title: 'Buffered',
    text: (row) => (row.buffered === 0 ? '' : bytes(row.buffered)),
    order: (row) => row.buffered,
    descends: true,
  },
]
const FIRST_NUMBER = 4

const COLLATOR = new Intl.Collator('en', { numeric: true })
const compare = (left, right) => (typeof left === 'string' ? COLLATOR.compare(left, right) : left - right)

export class Table {
  #rows
  #onSelect
  #scroller = document.getElementById('scroller')
  #body = document.getElementById('rows')
  #headers = []
  #elements = []
  #shown = []
  #sort = { index: 0, isDescending: true }
  #selected
  #isChosen = false
  #filter = ''
  #onlyProblems = false

  /** @param rows all rows by the name of their connection: shared with the caller, who changes them and then calls `render` */
  constructor(rows, onSelect) {
    this.#rows = rows
    this.#onSelect = onSelect
    this.#createHead()
    this.#scroller.addEventListener('scroll', () => this.#renderLines(), { passive: true })
    this.#scroller.addEventListener('keydown', (event) => this.#onKey(event))
    this.#body.addEventListener('click', ({ target }) => {
      const { name } = target.closest('[role=row]')?.dataset ?? {}
      if (name !== undefined) this.choose(name)
    })
    new ResizeObserver(() => this.#renderLines()).observe(this.#scroller)
  }

  /** True if the user has selected the row. */
  get isChosen() {
    return this.#isChosen
  }

  get selected() {
    return this.#selected
  }

  /** Number of rows that match the filter. */
  get length() {
    return this.#shown.length
  }

  setFilter(text, onlyProblems) {
    this.#filter = text.trim().toLowerCase()
    this.#onlyProblems = onlyProblems
    this.#scroller.scrollTop = 0
  }

  /** Selects a row for the user, who can choose another one. */
  suggest(name) {
    this.#isChosen = false
    this.#select(name)
  }

  choose(name) {
    this.#isChosen = true
    this.#select(name)
  }

  #select(name) {
    if (name === this.#selected) return
    this.#selected = name
    this.#showSelected()
    this.#renderLines()
    this.#onSelect(name)
  }

  focus() {
    this.#scroller.focus()
  }

  /** Sorts, filters, and shows the rows. */
  render(now) {
    this.now = now
    const matches = (row) =>
      (!this.#onlyProblems || row.problem !== null) &&
      (this.#filter === '' ||
        `${row.connection}\n${row.class}\n${row.status}\n${row.url ?? ''}`
          .toLowerCase()
          .includes(this.#filter))
    const { order } = COLUMNS[this.#sort.index]
    const direction = this.#sort.isDescending ? -1 : 1
    this.#shown = [...this.#rows.values()]
      .filter(matches)
      .sort(
        (left, right) =>
          direction * compare(order(left), order(right)) ||
          COLLATOR.compare(left.connection, right.connection),
      )
    setAttribute(this.#scroller, 'aria-rowcount', String(this.#shown.length + 1))
    this.#renderLines()
  }

  #createHead() {
    const head = document.getElementById('head')
    for (const [index, { title }] of COLUMNS.entries()) {
      const button = element('button', '', title)
      button.type = 'button'
      button.addEventListener('click', () => this.#sortBy(index))
      const cell = element('div', index >= FIRST_NUMBER ? 'number' : '', button)
      cell.setAttribute('role', 'columnheader')
      this.#headers.push(cell)
      head.append(cell)
    }
    this.#showSort()
  }

  #sortBy(index) {
    const isSame = this.#sort.index === index
    this.#sort = { index, isDescending: isSame ? !this.#sort.isDescending : COLUMNS[index].descends === true }
    this.#showSort()
    this.render(this.now)
  }

  #showSort() {
    const { index: sorted, isDescending } = this.#sort
    for (const [index, header] of this.#headers.entries())
      setAttribute(header, 'aria-sort', index !== sorted ? 'none' : isDescending ? 'descending' : 'ascending')
  }

  #onKey(event) {
    if (event.target !== this.#scroller) return
    const page = Math.max(1, Math.floor(this.#scroller.clientHeight / ROW_HEIGHT) - 2)
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }
    const step = steps[event.key]
    if (step === undefined || this.#shown.length === 0) return
    event.preventDefault()
    const index = this.#shown.findIndex(({ connection }) => connection === this.#selected)
    const next = index < 0 ? 0 : Math.min(this.#shown.length - 1, Math.max(0, index + step))
    this.choose(this.#shown[next].connection)
  }

  #showSelected() {
    const index = this.#shown.findIndex(({ connection }) => connection === this.#selected)
    if (index < 0) return
    const top = index * ROW_HEIGHT
    const visible = this.#scroller.clientHeight - this.#body.offsetTop
    const { scrollTop } = this.#scroller
    if (top < scrollTop) this.#scroller.scrollTop = top
    else if (top + ROW_HEIGHT > scrollTop + visible) this.#scroller.scrollTop = top + ROW_HEIGHT - visible
  }

  #renderLines() {
    this.#body.style.height = `${this.#shown.length * ROW_HEIGHT}px`
    const first = Math.max(0, Math.floor(this.#scroller.scrollTop / ROW_HEIGHT) - SURPLUS)
    const most = Math.ceil(this.#scroller.clientHeight / ROW_HEIGHT) + 2 * SURPLUS
    const visible = this.#shown.slice(first, first + most)
    while (this.#elements.length > visible.length) this.#elements.pop().row.remove()
    while (this.#elements.length < visible.length) this.#elements.push(this.#createLine())
    for (const [index, row] of visible.entries()) this.#renderLine(this.#elements[index], row, first + index)
    const active = visible.findIndex(({ connection }) => connection === this.#selected)
    setAttribute(
      this.#scroller,
      'aria-activedescendant',
      active < 0 ? undefined : this.#elements[active].row.id,
    )
  }

  #createLine() {
    const row = element('div', '')
    row.setAttribute('role', 'row')
    row.id = `line-${this.#elements.length}`
    const spark = createSpark()
    const cells = COLUMNS.map(({ className = '', text }, index) => {
      const cell = element('div', index >= FIRST_NUMBER ? 'number' : className)
      cell.setAttribute('role', 'gridcell')
      if (!text) cell.append(spark.svg)
      return cell
    })
    row.append(...cells)
    this.#body.append(row)
    return { row, cells, spark }
  }

  #renderLine({ row: line, cells, spark }, row, index) {
    line.style.top = `${index * ROW_HEIGHT}px`
    line.dataset.name = row.connection
    setAttribute(line, 'aria-rowindex', String(index + 2))
    setAttribute(line, 'aria-selected', String(row.connection === this.#selected))
    for (const [column, { text }] of COLUMNS.entries()) if (text) setText(cells[column], text(row, this.now))
    const [status, name] = cells
    setAttribute(status, 'class', `status ${row.problem?.level ?? ''}`)
    setAttribute(status, 'data-status', row.status)
    setAttribute(name, 'title', row.url ? `${row.connection}, ${row.url}` : row.connection)
    setAttribute(cells[7], 'class', row.isPaused ? 'number strong' : 'number')
    setText(cells[7], row.isPaused ? `Ⅱ ${count(row.queued)}` : countOrNothing(row.queued))
    spark.update(row.spark)
  }
}
