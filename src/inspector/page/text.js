// Formats numbers and times, and writes texts into the page. Texts of servers are only ever set as text content.

const NUMBER = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })

/** Creates an element with a class and children, which are nodes or texts. */
export function element(name, className, ...children) {
  const created = document.createElement(name)
  if (className) created.className = className
  created.append(...children)
  return created
}

/** Sets the text of an element. An unchanged text costs nothing. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text
}

/** Sets or removes an attribute. An unchanged value costs nothing. */
export function setAttribute(target, name, value) {
  if (value === undefined) target.removeAttribute(name)
  else if (target.getAttribute(name) !== value) target.setAttribute(name, value)
}

/** 1234 → 1,234 */
export function count(value) {
  return NUMBER.format(value)
}

/** 0 → an empty text, so that the other numbers stand out. */
export function countOrNothing(value) {
  return value === 0 ? '' : count(value)
}

export function bytes(value) {
  if (value < 1_024) return `${value} B`
  if (value < 1_048_576) return `${(value / 1_024).toFixed(1)} KiB`
  if (value < 1_073_741_824) return `${(value / 1_048_576).toFixed(1)} MiB`
  return `${(value / 1_073_741_824).toFixed(2)} GiB`
}

/** A duration in milliseconds: 0.12 ms, 12 ms, 2.5 s. */
export function milliseconds(value) {
  if (value === null) return ''
  if (value < 10) return `${value.toFixed(value < 1 ? 2 : 1)} ms`
  return value < 1_000 ? `${Math.round(value)} ms` : `${(value / 1_000).toFixed(1)} s`
}

/** A long duration in milliseconds: 12 s, 3 min, 5 h 10 min, 4 d. */
export function age(value) {
  const seconds = Math.max(0, Math.round(value / 1_000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} m` : `${Math.floor(hours / 24)} d`
}

export function timeOfDay(at) {
  return TIME.format(new Date(at))
}

/** Returns the name of the client, if no other connection has it; otherwise, the name of the connection. */
export function shownName(row, rows) {
  let clients = 0
  for (const each of rows.values()) if (each.client === row.client) clients += 1
  return clients === 1 ? row.client : row.connection
}

/** When the next attempt starts: (attempt 4 in 12 s). */
export function nextAttempt(problem, now) {
  if (problem.attempt === undefined) return ''
  const left = problem.at - now
  return ` (attempt ${problem.attempt} ${left > 500 ? `in ${age(left)}` : 'now'})`
}
