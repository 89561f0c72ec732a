// The goals of the issue "Faster than doing it by hand", compared with the measurements.

const WS = 'ws'
const HOLDFAST = 'holdfast'

/** The cells of long messages. */
const LONG = { '16k': '16 KB', '64k': '64 KB', '256k': '256 KB', '1m': '1 MB', binary: '64 KB, binary' }

/** Long messages: at least 0.98 of the messages of `ws` in the same CPU time. */
function longGoals(workload) {
  return Object.entries(LONG).map(([cell, label]) => ({
    goal: `${workload}, ${label}: CPU time ≤ 1/0.98 × ws`,
    at: [workload, cell, 'cpu'],
    max: 1 / 0.98,
  }))
}

/** Goals for ratios to bare `ws`, each a minimum or a maximum. */
const RATIOS = [
  { goal: 'receive, 120 B: ≥ 1.6 × ws', at: ['receive', '120', 'rate'], min: 1.6 },
  { goal: 'receive, 120 B, wss: ≥ 1.0 × ws', at: ['receive', 'wss', 'rate'], min: 1 },
  { goal: 'receive, 120 B: ≥ 0.85 × net', at: ['receive', '120', 'rate'], min: 0.85, base: 'net' },
  { goal: 'receive, 120 B, nested: ≥ 1.5 × ws', at: ['receive', 'nested', 'rate'], min: 1.5 },
  { goal: 'receive, 120 B, nested: ≥ 0.85 × net', at: ['receive', 'nested', 'rate'], min: 0.85, base: 'net' },
  { goal: 'unwanted, 120 B: ≥ 4 × ws', at: ['unwanted', '120', 'rate'], min: 4 },
  { goal: 'unwanted, 120 B: CPU time ≤ 1/4 × ws', at: ['unwanted', '120', 'cpu'], max: 1 / 4 },
  ...longGoals('receive'),
  ...longGoals('send'),
  { goal: 'send, 120 B: ≥ 3 × ws', at: ['send', '120', 'rate'], min: 3 },
  { goal: 'send, 120 B: ≥ 7 × ws (stretch)', at: ['send', '120', 'rate'], min: 7, isStretch: true },
  { goal: 'latency, 1 connection, p50: ≤ 1.05 × ws', at: ['echo', '1', 'p50'], max: 1.05 },
  { goal: 'latency, 1 connection, p99: ≤ 1.05 × ws', at: ['echo', '1', 'p99'], max: 1.05 },
  { goal: 'latency, 64 connections, p50: ≤ 1.05 × ws', at: ['echo', '64', 'p50'], max: 1.05 },
  { goal: 'latency, 64 connections, p99: ≤ 1.05 × ws', at: ['echo', '64', 'p99'], max: 1.05 },
  {
    goal: 'requests, 1,024 in flight: ≤ 1.15 × the CPU by hand with a corked socket',
    at: ['requests', '1024', 'time'],
    max: 1.15,
    base: 'ws-tuned',
  },
  { goal: 'RSS per idle connection: ≤ 1.25 × ws', at: ['idle', 'many', 'rss'], max: 1.25 },
  { goal: 'RSS of the process with 10,000: ≤ 1.25 × ws', at: ['idle', 'many', 'process'], max: 1.25 },
  { goal: 'opening 10,000: ≤ 1.2 × ws', at: ['idle', 'many', 'open'], max: 1.2 },
  {
    goal: 'heartbeat CPU at 10,000: ≤ 0.5 × one interval per connection',
    at: ['heartbeat', 'many', 'cpu'],
    max: 0.5,
  },
  {
    goal: 'dispatch over 200 keys: ≤ 1.1 × one key',
    at: ['dispatch', '', 'time'],
    max: 1.1,
    row: '200',
    base: '1',
  },
  {
    goal: 'dispatch in a Nest application: ≤ 1.05 × outside',
    at: ['dispatch', '', 'time'],
    max: 1.05,
    row: 'nest',
    base: '1',
  },
  {
    goal: 'a message among 200,000 that wait to be sent: ≤ 4 × one among 100',
    at: ['pending', '', 'time'],
    max: 4,
    row: '200k',
    base: '100',
  },
]

/** Maximum heap of an idle connection above one of bare `ws`, in KB. */
const HEAP = 4

/** Returns a line for each goal that has measurements: `{ goal, measured, isMet, isStretch }`. */
export function judge(measurements, peers) {
  const lines = RATIOS.flatMap((ratio) => judgeRatio(measurements, ratio))
  const heap = (row) => measurements.values('idle', 'many', row, 'heap')?.median
  if (heap(HOLDFAST) !== undefined && heap(WS) !== undefined) {
    const more = heap(HOLDFAST) - heap(WS)
    const measured = `${more.toFixed(1)} KB more than ws' ${heap(WS).toFixed(1)} KB`
    lines.push({ goal: `heap per idle connection: ≤ ws + ${HEAP} KB`, measured, isMet: more <= HEAP })
  }
  for (const workload of ['receive', 'send']) lines.push(...judgeAhead(measurements, workload, peers))
  return lines
}

function judgeRatio(
  measurements,
  { goal, at, min = 0, max = Infinity, isStretch = false, row = HOLDFAST, base = WS },
) {
  const [workload, cell, metric] = at
  const ratio = measurements.ratios(workload, cell, row, metric, base)
  if (!ratio) return []
  return [{ goal, measured: spread(ratio), isMet: ratio.median >= min && ratio.median <= max, isStretch }]
}

/** Finds the fastest peer. */
function judgeAhead(measurements, workload, peers) {
  const margins = peers
    .map((peer) => ({ peer, ratio: measurements.ratios(workload, '120', HOLDFAST, 'rate', peer) }))
    .filter(({ ratio }) => ratio)
    .sort((a, b) => a.ratio.median - b.ratio.median)
  if (margins.length === 0) return []
  const [{ peer, ratio }] = margins
  const goal = `${workload}, 120 B: ahead of every peer`
  return [{ goal, measured: `${spread(ratio)} × ${peer}, the nearest`, isMet: ratio.median > 1 }]
}

/** Formats a ratio with its smallest and largest value. */
export function spread({ median, min, max }) {
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`
}
