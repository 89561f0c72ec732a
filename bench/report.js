import { judge, spread } from './goals.js'

/** Formats all tables as Markdown. */
export function report({ measurements, workloads, peers, skipped, method, machine }) {
  const parts = ['# Benchmark results', bullets(machine), '## Method', bullets(method)]
  for (const workload of workloads) {
    parts.push(`## ${workload.title}`, ...tablesOf(workload, measurements))
  }
  if (skipped.length > 0) parts.push('## Not measured', bullets(skipped))
  const lines = judge(measurements, peers)
  parts.push('## Goals', lines.length > 0 ? goalsTable(lines) : 'None of them was measured.')
  return { text: `${parts.join('\n\n')}\n`, lines }
}

/** Formats the tables of one workload. */
export function tablesOf(workload, measurements) {
  if (workload.compares) return [comparison(workload, measurements)]
  return workload.metrics.flatMap((metric) => clientTables(workload, metric, measurements))
}

function clientTables(workload, metric, measurements) {
  const cells = workload.cells.filter(({ key }) => measurements.rowsOf(workload.name, key).length > 0)
  const names = [...new Set(cells.flatMap(({ key }) => measurements.rowsOf(workload.name, key)))]
  const head = ['client', ...cells.map(({ label }) => label)]
  const rows = (show) => names.map((name) => [name, ...cells.map(({ key }) => show(name, key) ?? '—')])
  const ratio = (name, key) => {
    const found = measurements.ratios(workload.name, key, name, metric.key, 'ws')
    return found && spread(found)
  }
  const absolute = (name, key) => {
    const found = measurements.values(workload.name, key, name, metric.key)
    return found && number(found.median)
  }
  const better = metric.isRate ? 'higher is better' : 'lower is better'
  return [
    `${metric.unit}: ratio to \`ws\`, ${better}`,
    table(head, rows(ratio)),
    `${metric.unit}: medians`,
    table(head, rows(absolute)),
  ]
}

function comparison(workload, measurements) {
  const names = measurements.rowsOf(workload.name, '')
  const [base] = names
  const head = ['', ...workload.metrics.flatMap(({ unit }) => [unit, 'ratio to the first'])]
  const rows = names.map((name) => [
    workload.cells.find(({ key }) => key === name).label,
    ...workload.metrics.flatMap(({ key }) => [
      number(measurements.values(workload.name, '', name, key).median),
      spread(measurements.ratios(workload.name, '', name, key, base)),
    ]),
  ])
  return table(head, rows)
}

function goalsTable(lines) {
  const verdict = ({ isMet }) => (isMet ? 'met' : '**not met**')
  return table(
    ['goal', 'measured', ''],
    lines.map((line) => [line.goal, line.measured, verdict(line)]),
  )
}

/** Formats a number with three significant digits, or with all digits before the decimal point. */
function number(value) {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}

function bullets(items) {
  return items.map((item) => `- ${item}`).join('\n')
}

/** Aligns the columns of a table, so that it is readable as text, too. */
function table(head, rows) {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column].length)))
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join(
    '\n',
  )
}
