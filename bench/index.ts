// `npm run bench`: one table of what EdgeSwarm costs, beside the least that anyone could write by hand and beside its peers. CPU time, not
// time that passed; every subject in processes of its own, in alternating rounds, so that a busy machine is busy for all: the ratios are the
// figures. Fails where a figure is twice over its bar; exits with 2 where the peers cannot be installed.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { bundle, sweep } from './bundles.ts'
import { cases } from './upstream.ts'

const here = import.meta.dirname
const peers = ['ai-sdk', 'openai-agents', 'langgraph']

interface Row {
  figure: string
  ours: number
  /** By subject: what it costs there. */
  others?: Record<string, number>
  /** At most this, in the figure's own unit, or as a multiple of the floor. */
  most?: number
  mostOfFloor?: number
  /** At least this many times less than the AI SDK. */
  times?: number
  /** What it fails at, where that is not half of `times`. */
  least?: number
}

if (!existsSync(join(here, 'node_modules/ai'))) {
  const { status, stderr } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here, encoding: 'utf8' })
  if (status !== 0) {
    console.error(`the peers cannot be installed: ${stderr.slice(-500)}`)
    process.exit(2)
  }
}

const rows: Row[] = [...(await requests()), ...(await weights()), ...agents()]
sweep()
print(rows)
const over = rows.filter((row) => missed(row, 2))
if (over.length) console.error(`\ntwice over the bar: ${over.map(({ figure }) => figure).join('; ')}`)
process.exitCode = over.length ? 1 : 0

/** µs of CPU: a delta of the long answers, and the shortest answer as a whole. */
async function requests(): Promise<Row[]> {
  const took = alternating(
    { floor: 3, loop: 3, 'ai-sdk': 3, route: 2, session: 2, crowd: 1, 'openai-agents': 1, langgraph: 1 },
    (subject) => JSON.parse(child('measure.ts', subject)),
  )
  const of = (subject: string, label: keyof typeof cases): number =>
    median(took[subject]!.map((round: Record<string, number>) => round[label]!)) / cases[label].deltas
  return Object.keys(cases).flatMap((name) => {
    const label = name as keyof typeof cases
    const { deltas, perRead } = cases[label]
    const what = deltas > 1 ? `a delta, ${perRead} a read, µs` : 'the shortest request, µs'
    const others = Object.fromEntries(['floor', ...peers].map((subject) => [subject, of(subject, label)]))
    // one delta a read, the floor itself is no more than some ten times less than the AI SDK on Node 24 (on Node 20, whose streams
    // cost more, we are fourteen times less), and runs differ by 3.9 to 8.5 times: half of the bar is no gate, a quarter is
    const bars = deltas === 1 ? { most: 300 } : { mostOfFloor: 3, times: 10, ...(perRead === 1 && { least: 2.5 }) }
    return [
      { figure: what, ours: of('loop', label), others, ...bars },
      { figure: '… behind its route', ours: of('route', label), others, ...(deltas === 1 && bars) },
      { figure: '… in a session', ours: of('session', label), others },
      { figure: '… with 100 readers more', ours: of('crowd', label) },
    ]
  })
}

/** KiB, minified and gzipped, and ms of CPU to load that. */
async function weights(): Promise<Row[]> {
  const bundles: Record<string, { bytes: number; file: string }> = {}
  for (const name of ['edgeswarm', ...peers]) bundles[name] = await bundle(name)
  const loads = alternating({ edgeswarm: 5, 'ai-sdk': 2, 'openai-agents': 2, langgraph: 2 }, (name) =>
    Number(child('cold.ts', bundles[name]!.file)),
  )
  const size = (name: string): number => bundles[name]!.bytes / 1024
  const load = (name: string): number => median(loads[name]!)
  const both = (of: (name: string) => number) => Object.fromEntries(peers.map((name) => [name, of(name)]))
  return [
    { figure: 'a hello service, KiB gz', ours: size('edgeswarm'), others: both(size) },
    { figure: 'loading it cold, ms', ours: load('edgeswarm'), others: both(load), most: 15 },
  ]
}

function agents(): Row[] {
  const { us, bytes } = JSON.parse(child('agents.ts')) as { us: number; bytes: number }
  return [
    { figure: 'making an agent with a tool, µs', ours: us, most: 50 },
    { figure: '10,000 agents, MB of heap', ours: bytes / 100, most: 50 },
  ]
}

/** Runs each subject as many times as said, never one after itself while there are others. */
function alternating<T>(rounds: Record<string, number>, run: (subject: string) => T): Record<string, T[]> {
  const results: Record<string, T[]> = {}
  for (let round = 0; round < Math.max(...Object.values(rounds)); round++)
    for (const [subject, times] of Object.entries(rounds)) if (round < times) (results[subject] ??= []).push(run(subject))
  return results
}

function child(file: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', join(here, file), ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  if (status !== 0) throw new Error(`${file} ${args.join(' ')}: ${stderr.slice(-2000)}`)
  return stdout
}

/** Whether the figure is over its bar, or so many times over. */
function missed({ ours, others = {}, most = Infinity, mostOfFloor = Infinity, times = 0, least }: Row, slack = 1): boolean {
  const { floor = Infinity, 'ai-sdk': peer = Infinity } = others
  const needed = slack > 1 ? (least ?? times / slack) : times
  return ours > most * slack || ours / floor > mostOfFloor * slack || peer / ours < needed
}

function print(rows: readonly Row[]): void {
  const head = ['', 'edgeswarm', 'floor', ...peers, 'bar', '']
  const lines = rows.map((row) => {
    const { figure, ours, others = {}, most, mostOfFloor, times } = row
    const bars = [most && `≤ ${most}`, mostOfFloor && `≤ ${mostOfFloor}× floor`, times && `${times}× less than ai-sdk`].filter(Boolean)
    return [
      figure,
      number(ours),
      ...['floor', ...peers].map((name) =>
        others[name] === undefined ? '' : `${number(others[name])} (${ratio(name, ours, others[name])})`,
      ),
      bars.join(', '),
      bars.length ? (missed(row) ? 'missed' : 'held') : '',
    ]
  })
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]!.length)))
  for (const line of [head, ...lines])
    console.log(line.map((cell, at) => (at ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!))).join('  '))
  console.log('\n(n×): ours is so many times the floor, and a peer so many times ours')
}

function ratio(name: string, ours: number, other: number): string {
  return `${number(name === 'floor' ? ours / other : other / ours)}×`
}
function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1)
}
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1]!
}
