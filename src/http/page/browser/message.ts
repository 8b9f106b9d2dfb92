import type { CallState } from '../../../middleware.ts'
import type { CallPart, Message, ResultPart } from '../../../message.ts'
import { type CallView, callView } from './call.ts'
import type { Beside } from './conversation.ts'
import { copyButton, el, icon, place, say } from './dom.ts'
import { visible } from './markdown.ts'
import { picture } from './picture.ts'
import { link, type Prose, prose } from './prose.ts'

export interface MessageProps {
  message: Message
  /** The tool message that answers its calls. */
  answers?: Message
  beside?: Beside
  calls: ReadonlyMap<string, CallState>
  progress: ReadonlyMap<string, unknown>
  writing: ReadonlyMap<string, { name: string; text: string }>
  /** Its deltas are still coming. */
  growing: boolean
  /** The run that it belongs to is still running. */
  busy: boolean
  canEdit: boolean
  canRepeat: boolean
}

export interface MessageView {
  readonly node: HTMLElement
  update(props: MessageProps): void
}

/** One message. `update` touches only what has changed, so that what is open stays open and what is selected stays selected. */
export function messageView(role: 'user' | 'assistant', who: string, act: { edit: () => void; repeat: () => void }): MessageView {
  const body = el('div', { class: 'body' })
  const time = el('time')
  const use = el('span', { class: 'use' })
  const edit = el('button', { type: 'button', class: 'quiet', click: act.edit }, icon('edit'), 'Edit')
  const repeat = el('button', { type: 'button', class: 'quiet', click: act.repeat }, icon('redo'), 'Regenerate')
  const acts = el(
    'footer',
    {},
    copyButton(() => textOf(last?.message), 'Copy message'),
    edit,
    repeat,
    use,
    time,
  )
  const node = el('article', { class: role, 'aria-label': role === 'user' ? 'You' : who }, body, acts)
  const views = new Map<string, { node: HTMLElement; update?: unknown }>()
  let last: MessageProps | undefined

  const once = <V extends { node: HTMLElement }>(key: string, make: () => V): V => {
    let view = views.get(key) as V | undefined
    if (!view) views.set(key, (view = make()))
    return view
  }

  return {
    node,
    update(props) {
      if (last && settled(last, props)) return
      last = props
      const { message, beside, growing } = props
      const shown: HTMLElement[] = []
      const written = new Set<string>()
      message.parts.forEach((part, at) => {
        const open = growing && at === message.parts.length - 1
        if (part.type === 'text' && role === 'user') {
          const view = once(`said ${at}`, () => ({ node: el('p', { class: 'plain' }) }))
          say(view.node, part.text)
          shown.push(view.node)
        } else if (part.type === 'text' || part.type === 'refusal') {
          const view = once<Prose>(`text ${at}`, prose)
          view.update(part.text, open)
          shown.push(view.node)
        } else if (part.type === 'reasoning' && part.text) {
          const view = once(`thought ${at}`, thoughtView)
          view.update(part.text, open, beside)
          shown.push(view.node)
        } else if (part.type === 'media') shown.push(once(`media ${at}`, () => ({ node: picture(part) })).node)
        else if (part.type === 'call') {
          written.add(part.id)
          const view = once<CallView>(`call ${part.id}`, callView)
          view.update(callProps(part, props))
          shown.push(view.node)
        }
      })
      if (growing)
        for (const [id, { name, text }] of props.writing) {
          if (written.has(id)) continue
          const view = once<CallView>(`call ${id}`, callView)
          view.update({ name, input: text, state: 'writing' })
          shown.push(view.node)
        }
      if (beside?.sources.length) shown.push(sources(beside))
      if (beside?.notes.length) shown.push(...beside.notes.map((note) => el('p', { class: 'note' }, visible(note))))
      place(body, shown)
      node.classList.toggle('growing', growing)
      node.classList.toggle(
        'step',
        message.parts.some(({ type }) => type === 'call'),
      )
      edit.hidden = !props.canEdit
      repeat.hidden = !props.canRepeat
      acts.hidden = growing
      if (beside?.at) {
        const date = new Date(beside.at)
        time.dateTime = date.toISOString()
        time.title = date.toLocaleString()
        say(time, clock(date))
      }
      if (beside?.usage) {
        const { model, usage, usd } = beside.usage
        say(use, `${model} · ${count(usage.input)} → ${count(usage.output)} tokens${usd ? ` · $${usd.toPrecision(2)}` : ''}`)
        use.title = [usage.cacheRead && `${count(usage.cacheRead)} from cache`, usage.reasoning && `${count(usage.reasoning)} reasoning`]
          .filter(Boolean)
          .join(', ')
      }
    },
  }
}

/** Nothing that is shown has changed. Calls that are not answered yet may have: their state is changed in place. */
const settled = (a: MessageProps, b: MessageProps): boolean =>
  a.message === b.message &&
  a.answers === b.answers &&
  a.beside === b.beside &&
  a.growing === b.growing &&
  a.busy === b.busy &&
  a.canEdit === b.canEdit &&
  a.canRepeat === b.canRepeat &&
  !b.growing &&
  (b.answers !== undefined || !b.message.parts.some(({ type }) => type === 'call'))

export const textOf = (message: Message | undefined): string =>
  message?.parts.map((part) => (part.type === 'text' || part.type === 'refusal' ? part.text : '')).join('') ?? ''

export const count = (tokens: number): string => tokens.toLocaleString('en')

function callProps(
  { id, name, input }: CallPart,
  { answers, message, calls, progress, busy }: MessageProps,
): Parameters<CallView['update']>[0] {
  const live = calls.get(id)
  const of = (parts: Message['parts'] = []): ResultPart | undefined =>
    parts.find((part): part is ResultPart => part.type === 'result' && part.id === id)
  const result = of(answers?.parts) ?? of(message.parts) ?? live?.result
  const state = result ? 'done' : live?.pending && !live.answer ? 'asked' : live?.starts && busy ? 'running' : 'waiting'
  return { name, input, state, progress: progress.get(id), ...(result && { result }) }
}

function thoughtView(): { node: HTMLElement; update(text: string, open: boolean, beside: Beside | undefined): void } {
  const summary = el('summary')
  const text = el('p', { class: 'plain' })
  const node = el('details', { class: 'thought' }, summary, text)
  return {
    node,
    update(now, open, beside) {
      const ms = beside?.thought && beside.thought.to - beside.thought.from
      say(summary, open ? 'Thinking …' : ms && ms >= 1000 ? `Thought for ${Math.round(ms / 1000)} s` : 'Thoughts')
      summary.classList.toggle('live', open)
      say(text, now)
    },
  }
}

function sources({ sources }: Beside): HTMLElement {
  const items = sources.map(({ url, title, document, text }) => {
    const safe = url !== undefined && URL.canParse(url) ? new URL(url) : undefined
    const name = visible(title ?? document ?? url ?? 'source').slice(0, 200)
    const tip = text === undefined ? undefined : visible(text).slice(0, 500)
    return el('li', { title: tip }, safe && /^https?:$/.test(safe.protocol) ? link({ text: name, href: safe.href, host: safe.host }) : name)
  })
  return el('section', { class: 'sources', 'aria-label': 'Sources' }, el('ol', {}, ...items))
}

const clock = (date: Date): string =>
  date.toDateString() === new Date().toDateString()
    ? date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : date.toLocaleString([], { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })
