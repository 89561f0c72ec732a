// Renders the pictures of the docs: docs/pictures/*.dot, and the life cycle from the drawing in src/lifecycle/step.ts.
// `npm run pictures` writes the SVG files. With --check it writes nothing, and fails if a file is not up to date.
import { instance } from '@viz-js/viz'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'

const FOLDER = 'docs/pictures'

/** Legible on a light and on a dark page, which shows through. */
const LINE = '#747c87'
const INK = '#1f2328'
/** Graphviz knows the widths of Courier, which are those of all monospaced fonts: the reader's font fits into the boxes. */
const MEASURED = 'Courier'
const FONT = 'ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace'
const FILLS = { side: '#fff8c5', yours: '#dafbe1' }
const FILL = '#ddf4ff'

/** The arrows of the life cycle, in words. The script fails if they differ from those of the machine. */
const ARROWS = {
  'connecting opening': ' the attempt succeeds',
  'connecting waiting': ' the attempt\n fails',
  'opening open': ' @OnOpen completes',
  'opening waiting': ' link lost, or\n @OnOpen fails',
  'open waiting': ' link lost, or \n reconnect() ',
  'open connecting': ' link lost in\n a handover',
  'open opening': ' the same, and\n the new link\n is opening',
  'waiting connecting': ' the delay\n is over',
  'closing closed': ' everything has ended',
}

/** Returns each arrow between two statuses, as `from to`, of the first drawing in the source of the machine. */
function arrowsOfMachine() {
  const lines = readFileSync('src/lifecycle/step.ts', 'utf8').split('\n')
  const start = lines.findIndex((line) => line.includes('─▶'))
  const isDrawn = (line) => line.startsWith(' *   ')
  const length = lines.slice(start).findIndex((line) => !isDrawn(line))
  let from = ''
  const arrows = []
  for (const line of lines.slice(start, start + length)) {
    const [, source, target] = /^ \* {3}(\w*) *[─┬├└]+▶ (\w+)/.exec(line) ?? []
    if (target === undefined) continue
    from = source || from
    arrows.push(`${from} ${target}`)
  }
  return arrows
}

/** Returns the life cycle in DOT: all arrows to `closing` are drawn as one, from the frame around the other statuses. */
function lifeCycle() {
  const arrows = arrowsOfMachine()
  const toClosing = arrows.filter((arrow) => arrow.endsWith(' closing')).map((arrow) => arrow.split(' ')[0])
  const others = arrows.filter((arrow) => !arrow.endsWith(' closing'))
  const expected = Object.keys(ARROWS)
  const differences = [
    ...others.filter((arrow) => !expected.includes(arrow)),
    ...expected.filter((arrow) => !others.includes(arrow)),
  ]
  if (differences.length > 0) throw new Error(`Arrows to add or to remove: ${differences.join(', ')}`)
  const edge = (arrow) => `  ${arrow.replace(' ', ' -> ')} [label="${ARROWS[arrow]}"]`
  return `digraph lifecycle {
  compound=true
  node [shape=box]
  start [label="bootstrap()", shape=oval]
  subgraph cluster_alive {
    margin=22
    ${toClosing.join('; ')}
    { rank=same; open; waiting }
  }
  start -> connecting
${others.map(edge).join('\n')}
  waiting -> closing [ltail=cluster_alive, label=" close(), end(), terminate(),\\n or a failure without a retry"]
}`
}

/** Returns the pictures in DOT, by name. */
function sources() {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.dot'))
  const drawn = files.map((name) => [name.slice(0, -4), readFileSync(`${FOLDER}/${name}`, 'utf8')])
  return [...drawn, ['life-cycle', lifeCycle()]]
}

/** Gives the nodes of a class their color, which DOT itself cannot. */
function color(dot) {
  return dot.replace(/class=(\w+)/g, (_, name) => `class=${name}, fillcolor="${FILLS[name]}"`)
}

function render(viz, dot) {
  const svg = viz.renderString(color(dot), {
    format: 'svg',
    graphAttributes: {
      bgcolor: 'transparent',
      fontname: MEASURED,
      color: LINE,
      fontcolor: LINE,
      nodesep: 0.35,
      ranksep: 0.4,
    },
    nodeAttributes: {
      shape: 'box',
      style: 'rounded,filled',
      fillcolor: FILL,
      color: LINE,
      fontcolor: INK,
      fontname: MEASURED,
      fontsize: 14,
      margin: '0.18,0.1',
    },
    edgeAttributes: { color: LINE, fontcolor: LINE, fontname: MEASURED, fontsize: 13, arrowsize: 0.8 },
  })
  // Only the picture itself: without the DOCTYPE, and the comments with the version of Graphviz.
  const picture = svg.slice(svg.indexOf('<svg')).replace(/<!--[^]*?-->\n?/g, '')
  return `${picture.replaceAll(`font-family="${MEASURED},monospace"`, `font-family="${FONT}"`).trimEnd()}\n`
}

const isCheck = process.argv.includes('--check')
const viz = await instance()
for (const [name, dot] of sources()) {
  const path = `${FOLDER}/${name}.svg`
  const svg = render(viz, dot)
  if (existsSync(path) && readFileSync(path, 'utf8') === svg) continue
  if (isCheck) {
    process.stderr.write(`${path} is not up to date: run npm run pictures\n`)
    process.exitCode = 1
  } else {
    writeFileSync(path, svg)
    process.stdout.write(`${path}\n`)
  }
}
