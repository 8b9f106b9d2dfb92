import type { MediaPart, ResultPart } from '../../../message.ts'
import { el, place, say } from './dom.ts'
import { visible } from './markdown.ts'
import { picture } from './picture.ts'

export interface CallProps {
  name: string
  /** Parsed arguments, or their text while the model still writes it. */
  input: unknown
  result?: ResultPart
  state: 'writing' | 'waiting' | 'running' | 'asked' | 'done'
  progress?: unknown
}

export interface CallView {
  readonly node: HTMLElement
  update(props: CallProps): void
}

/** Characters of one value that are shown; the rest is counted. */
const shown = 50_000

/** A tool call: its name and state in one line, its input and result inside. It stays open when it changes. */
export function callView(): CallView {
  const dot = el('i', { class: 'dot' })
  const name = el('b')
  const brief = el('span', { class: 'brief' })
  const word = el('span', { class: 'word' })
  const bar = el('progress', { max: 1, 'aria-label': 'Progress' })
  const input = el('pre', { tabindex: 0, 'aria-label': 'Input' })
  const output = el('pre', { tabindex: 0, 'aria-label': 'Result' })
  const outcome = el('div', {}, el('h4', {}, 'Result'), output)
  const body = el('div', { class: 'inside' }, el('div', {}, el('h4', {}, 'Input'), input), outcome)
  const summary = el('summary', {}, dot, name, brief, word, bar)
  const node = el('details', { class: 'tool' }, summary, body)
  let before: CallProps | undefined
  return {
    node,
    update(props) {
      if (before && same(before, props)) return
      const { result, state, progress } = props
      const bad = result?.error !== undefined
      dot.className = `dot ${state === 'done' ? (bad ? 'bad' : 'ok') : state === 'asked' ? 'asked' : 'run'}`
      say(name, visible(props.name || 'tool'))
      say(brief, inBrief(props))
      const amount = state === 'running' ? partOf(progress) : undefined
      say(word, wordOf(props, amount))
      say(input, typeof props.input === 'string' && state === 'writing' ? cut(props.input) : json(props.input))
      outcome.hidden = !result
      if (result && result !== before?.result) {
        output.classList.toggle('bad', bad)
        const media = (result.parts ?? []).filter((part): part is MediaPart => part.type === 'media')
        const text = result.error ? result.error.message : result.parts ? textOf(result.parts) : result.output
        place(outcome, [outcome.firstChild!, ...(text === '' && media.length ? [] : [output]), ...media.map(picture)])
        say(output, typeof text === 'string' ? cut(text) : json(text))
      }
      bar.hidden = amount === undefined
      if (amount !== undefined) bar.value = amount
      before = props
    },
  }
}

const same = (a: CallProps, b: CallProps): boolean =>
  a.name === b.name && a.input === b.input && a.result === b.result && a.state === b.state && a.progress === b.progress

const textOf = (parts: NonNullable<ResultPart['parts']>): string => parts.map((part) => (part.type === 'text' ? part.text : '')).join('')

const json = (value: unknown): string => cut(JSON.stringify(value, null, 2) ?? 'nothing')

const cut = (text: string): string =>
  visible(text.length > shown ? `${text.slice(0, shown)}\n… and ${text.length - shown} characters more` : text)

const wordOf = ({ state, result, progress }: CallProps, amount: number | undefined): string => {
  if (state === 'writing') return 'is being written'
  if (state === 'asked') return 'waits for you'
  if (state === 'waiting') return 'waits'
  if (state === 'running')
    return progress === undefined || progress === null
      ? 'runs'
      : amount === undefined
        ? line(progress)
        : noteOf(progress) || `${Math.round(amount * 100)} %`
  const { error } = result ?? {}
  if (!error) return 'done'
  return error.code === 'tool/declined' ? 'refused' : error.code === 'run/cancelled' ? 'stopped' : 'failed'
}

/** What it was asked and what came out, in one line. */
function inBrief({ input, result, state }: CallProps): string {
  if (state === 'writing') return ''
  const asked = isRecord(input) ? Object.values(input).map(line).join(', ') : line(input ?? '')
  const came = !result ? '' : result.error ? result.error.message : line(single(result.output ?? ''))
  return visible([asked, came].filter(Boolean).join('  →  ')).slice(0, 300)
}

/** The one thing of an object that a line can hold: `value`, or what it has alone. */
const single = (value: unknown): unknown =>
  isRecord(value) ? (value.value ?? (Object.keys(value).length === 1 ? Object.values(value)[0] : value)) : value

const line = (value: unknown): string =>
  (typeof value === 'string'
    ? value
    : isRecord(value)
      ? Object.entries(value)
          .slice(0, 8)
          .map(([name, inner]) => `${name}: ${typeof inner === 'string' ? inner : JSON.stringify(inner)}`)
          .join(', ')
      : (JSON.stringify(value) ?? '')
  ).slice(0, 200)

/** Progress as a part of 1: a number up to 1, or `{ done, of }`. */
function partOf(progress: unknown): number | undefined {
  const part =
    isRecord(progress) && typeof progress.done === 'number' && typeof progress.of === 'number' ? progress.done / progress.of : progress
  return typeof part === 'number' && part >= 0 && part <= 1 ? part : undefined
}

const noteOf = (progress: unknown): string =>
  isRecord(progress) && typeof progress.message === 'string' ? progress.message.slice(0, 80) : ''

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
