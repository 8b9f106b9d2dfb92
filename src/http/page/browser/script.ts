import type { Stored } from '../../../event.ts'
import type { MediaPart, Message, Part } from '../../../message.ts'
import { emptyState, fold, type SessionState, transcriptOf } from '../../../transcript.ts'
import { blocks, type Inline, inlines, visible } from './markdown.ts'

interface Known {
  id: string
  title: string
  at: number
}
interface AgentInfo {
  name: string
  description?: string
  model: { id: string }
}

const $ = <E extends HTMLElement>(id: string): E => document.getElementById(id) as E
const [log, list, field, form, stop, attach, files] = [
  $('log'),
  $('list'),
  $<HTMLTextAreaElement>('text'),
  $<HTMLFormElement>('form'),
  $<HTMLButtonElement>('stop'),
  $<HTMLInputElement>('file'),
  $('files'),
]

/** Makes an element; children that are text become text nodes, never HTML. */
function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Partial<Record<string, unknown>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') node.addEventListener(name, value as EventListener)
    else if (name === 'class') node.className = value as string
    else if (typeof value === 'string' || typeof value === 'number') node.setAttribute(name, String(value))
  }
  node.append(...children)
  return node
}

let agent: AgentInfo
let session = ''
let state: SessionState = emptyState()
let follow: AbortController | undefined
let failure: { code: string; message: string } | undefined
let attached: MediaPart[] = []
let editing: number | undefined
const uses = new Map<string, string>()

const known = (): Known[] => JSON.parse(localStorage.getItem('edgeswarm') ?? '[]') as Known[]
const keep = (sessions: Known[]): void => {
  localStorage.setItem('edgeswarm', JSON.stringify(sessions.slice(0, 200)))
  drawList()
}
const path = (rest = ''): string => `agents/${agent.name}/sessions/${session}${rest}`

/** Posts JSON; a refusal is shown and gives `undefined`. */
async function send(method: string, rest: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response | undefined> {
  try {
    const response = await fetch(path(rest), {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (response.ok) return response
    const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string }
    failure = { code: problem.code ?? String(response.status), message: problem.detail ?? 'that did not work' }
  } catch {
    failure = { code: 'offline', message: 'The service cannot be reached. What you wrote is still here.' }
  }
  draw()
  return undefined
}

function newSession(): void {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  open(Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''))
}

function open(id: string): void {
  session = id
  location.hash = id
  state = emptyState()
  failure = undefined
  uses.clear()
  document.body.classList.remove('nav')
  draw()
  drawList()
  void watch()
  field.focus()
}

/** Follows the session's events for as long as it is open: replay, live, and again from the cursor. */
async function watch(): Promise<void> {
  follow?.abort()
  const mine = (follow = new AbortController())
  for (let wait = 500; !mine.signal.aborted;) {
    try {
      const response = await fetch(path(`/events?after=${state.seq}`), {
        signal: mine.signal,
        headers: { ...(state.seq && { 'last-event-id': String(state.seq) }) },
      })
      if (response.ok && response.body) {
        wait = 500
        let text = ''
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
        for (;;) {
          const { value, done } = await reader.read()
          if (done) break
          text += value
          const frames = text.split('\n\n')
          text = frames.pop()!
          for (const frame of frames) {
            const data = frame.split('\n').find((line) => line.startsWith('data: '))
            if (data && !mine.signal.aborted) take(JSON.parse(data.slice(6)) as Stored)
          }
        }
      } else wait = 1500
    } catch {
      wait = Math.min(wait * 2, 10_000)
    }
    // a quiet session is looked at again soon, so that another window's words appear here
    await new Promise((resolve) => setTimeout(resolve, wait * (0.75 + Math.random() / 2)))
  }
}

let queued = false
function take(event: Stored): void {
  if (event.seq <= state.seq) return
  if (event.type === 'start') failure = undefined
  if (event.type === 'error') failure = { code: event.code, message: event.message }
  if (event.type === 'usage' && state.partial)
    uses.set(state.partial.id, `${event.model} · ${event.usage.input} → ${event.usage.output} tokens`)
  fold(state, event)
  if (event.type === 'start' || event.type === 'title') remember()
  if (queued) return
  queued = true
  requestAnimationFrame(() => {
    queued = false
    draw()
  })
}

function remember(): void {
  keep([{ id: session, title: state.title || 'New session', at: Date.now() }, ...known().filter(({ id }) => id !== session)])
}

const running = (): boolean => state.run !== undefined && state.run.finish === undefined

async function submit(): Promise<void> {
  const text = field.value.trim()
  if (!text && !attached.length) return
  const input: Part[] = [...(text ? [{ type: 'text' as const, text }] : []), ...attached]
  if (editing !== undefined && !(await send('POST', '/rewind', { to: editing }))) return
  const mode = running() ? '?mode=steer' : ''
  const before = field.value
  field.value = ''
  const files = attached
  attached = []
  editing = undefined
  drawFiles()
  failure = undefined
  const response = await send('POST', `/runs${mode}`, { input }, { accept: 'text/event-stream', 'idempotency-key': crypto.randomUUID() })
  // the events come by the one stream that is open anyway: nothing can come twice
  if (response) void response.body?.cancel()
  else {
    field.value = before
    attached = files
    drawFiles()
  }
  void watch()
}

/** Cuts the transcript just before message `at`. */
const before = (at: number): number => state.messages[at - 1]?.seq ?? 0

async function regenerate(): Promise<void> {
  const at = state.messages.findLastIndex(({ message }) => message.role === 'user')
  const last = state.messages[at]
  if (!last || !(await send('POST', '/rewind', { to: before(at) }))) return
  const response = await send('POST', '/runs', { input: last.message.parts }, { accept: 'text/event-stream' })
  void response?.body?.cancel()
  void watch()
}

function draw(): void {
  const near = log.scrollHeight - log.scrollTop - log.clientHeight < 120
  const shown = transcriptOf(state)
  const nodes: Node[] = shown.flatMap((message, at) => drawMessage(message, at, shown))
  if (!shown.length) nodes.push(hello())
  for (const open of state.pending.values()) {
    const answer = (approve: boolean) => async (): Promise<void> => {
      const response = await send('POST', `/pending/${open.id}`, { approve }, { accept: 'text/event-stream' })
      void response?.body?.cancel()
      void watch()
    }
    nodes.push(
      el(
        'section',
        { class: 'ask', 'aria-label': 'Approval' },
        el('h3', {}, `Allow ${open.call?.name ?? 'this'}?`),
        'This is all that it will be given:',
        el('pre', {}, visible(JSON.stringify(open.call?.input ?? {}, null, 2))),
        el('div', {}, el('button', { class: 'main', click: answer(true) }, 'Allow'), el('button', { click: answer(false) }, 'Refuse')),
      ),
    )
  }
  if (running() && !state.partial?.fold.partial().length)
    nodes.push(el('p', { class: 'assistant', 'aria-label': 'working' }, el('span', { class: 'dot run' })))
  if (failure) nodes.push(el('div', { class: 'error', role: 'alert' }, `${failure.message} `, el('code', {}, failure.code)))
  log.replaceChildren(...nodes)
  stop.hidden = !running()
  $('send').textContent = running() ? 'Add' : editing === undefined ? 'Send' : 'Retry'
  $('title').textContent = state.title || 'New session'
  if (near) log.scrollTop = log.scrollHeight
}

function hello(): Node {
  const tries = ['What time is it?', 'Work out 12 * (3 + 4)', 'Delete my notes', 'Tell me a long story']
  return el(
    'section',
    { class: 'hello' },
    el('h3', {}, 'What shall we do?'),
    agent.description ?? '',
    el(
      'div',
      {},
      ...tries.map((text) =>
        el(
          'button',
          {
            click: () => {
              field.value = text
              void submit()
            },
          },
          text,
        ),
      ),
    ),
  )
}

function drawMessage(message: Message, at: number, all: readonly Message[]): Node[] {
  if (message.role === 'tool' || message.name === 'kit') return []
  const body = el('div', { class: 'body' })
  const outside: Node[] = []
  for (const part of message.parts) {
    if (part.type === 'text') body.append(...(message.role === 'user' ? [part.text] : markdown(part.text)))
    else if (part.type === 'reasoning' && part.text)
      body.append(el('details', { class: 'thought' }, el('summary', {}, 'Thinking'), el('p', {}, part.text)))
    else if (part.type === 'refusal') body.append(el('p', {}, part.text))
    else if (part.type === 'media') body.append(picture(part))
    else if (part.type === 'call') body.append(drawCall(part, all))
  }
  const text = message.parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
  const acts = el('div', { class: 'acts' }, el('button', { class: 'quiet', click: () => navigator.clipboard.writeText(text) }, 'Copy'))
  const index = state.messages.findIndex((entry) => entry.message.id === message.id)
  if (message.role === 'user' && index >= 0 && !running()) {
    acts.append(
      el(
        'button',
        {
          class: 'quiet',
          click: () => {
            field.value = text
            editing = before(index)
            draw()
            field.focus()
          },
        },
        'Edit',
      ),
    )
  }
  if (message.role === 'assistant' && at === all.length - 1 && !running())
    acts.append(el('button', { class: 'quiet', click: regenerate }, 'Regenerate'))
  const use = message.id && uses.get(message.id)
  if (use) acts.append(el('span', { class: 'use' }, use))
  return [el('article', { class: message.role, 'aria-label': message.role === 'user' ? 'You' : agent.name }, body, ...outside, acts)]
}

function drawCall({ id, name, input }: Extract<Part, { type: 'call' }>, all: readonly Message[]): Node {
  const live = state.calls.get(id)
  const result = live?.result ?? all.flatMap(({ parts }) => parts).find((part) => part.type === 'result' && part.id === id)
  const done = result?.type === 'result' ? result : undefined
  const status = done ? (done.error ? 'bad' : 'ok') : live?.pending && !live.answer ? '' : 'run'
  const word = done ? (done.error?.code ?? 'done') : live?.pending && !live.answer ? 'waits for you' : 'runs'
  return el(
    'details',
    { class: 'tool' },
    el('summary', {}, el('i', { class: `dot ${status}` }), el('b', {}, name), el('span', {}, word)),
    el('pre', {}, visible(JSON.stringify(input, null, 2))),
    ...(done ? [el('pre', {}, visible(done.error ? done.error.message : JSON.stringify(done.output ?? done.parts, null, 2)))] : []),
  )
}

function picture({ mime, data, url }: MediaPart): Node {
  if (data !== undefined && /^image\/(png|jpeg|gif|webp)$/.test(mime))
    return el('img', {
      src: URL.createObjectURL(new Blob([Uint8Array.from(atob(data), (char) => char.charCodeAt(0))], { type: mime })),
      alt: 'attached image',
    })
  return el('p', {}, `[${mime}] ${url ?? ''}`)
}

const markdown = (text: string): Node[] =>
  blocks(text.slice(0, 400_000)).map((block): Node => {
    switch (block.kind) {
      case 'h':
        return el(block.level < 3 ? 'h3' : 'h4', {}, ...pieces(block.text))
      case 'quote':
        return el('blockquote', {}, ...pieces(block.text))
      case 'code':
        return el('pre', { tabindex: 0 }, el('code', {}, block.text))
      case 'list':
        return el(block.ordered ? 'ol' : 'ul', {}, ...block.items.map((item) => el('li', {}, ...pieces(item))))
      case 'table':
        return el(
          'table',
          {},
          ...block.rows.map((row, at) => el('tr', {}, ...row.map((cell) => el(at ? 'td' : 'th', {}, ...pieces(cell))))),
        )
      case 'p':
        return el('p', {}, ...pieces(block.text))
    }
  })

const pieces = (text: string): (Node | string)[] =>
  inlines(text).map((piece: Inline) => {
    if (piece.kind === 'text') return piece.text
    if (piece.kind === 'link')
      return el('a', { href: piece.href, target: '_blank', rel: 'noopener noreferrer' }, piece.text, el('small', {}, `(${piece.host})`))
    return el(piece.kind, {}, piece.text)
  })

function drawList(): void {
  list.replaceChildren(
    ...known().map(({ id, title }) =>
      el(
        'li',
        { class: id === session ? 'on' : '' },
        el('button', { click: () => open(id), title, ...(id === session && { 'aria-current': 'true' }) }, title),
        el('button', { class: 'quiet', 'aria-label': `Rename ${title}`, click: () => rename(id, title) }, '✎'),
        el('button', { class: 'quiet', 'aria-label': `Delete ${title}`, click: () => remove(id) }, '✕'),
      ),
    ),
  )
}

async function rename(id: string, old: string): Promise<void> {
  const title = prompt('Title', old)?.trim()
  if (!title) return
  const response = await fetch(`agents/${agent.name}/sessions/${id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title }),
  })
  if (response.ok) keep(known().map((entry) => (entry.id === id ? { ...entry, title } : entry)))
}

async function remove(id: string): Promise<void> {
  await fetch(`agents/${agent.name}/sessions/${id}`, { method: 'DELETE' })
  keep(known().filter((entry) => entry.id !== id))
  if (id === session) newSession()
}

function drawFiles(): void {
  files.replaceChildren(...attached.map(picture))
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  void submit()
})
field.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  void submit()
})
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return
  if (document.body.classList.contains('nav')) document.body.classList.remove('nav')
  else if (running()) void send('POST', '/cancel', {})
})
stop.addEventListener('click', () => void send('POST', '/cancel', {}))
$('new').addEventListener('click', newSession)
$('menu').addEventListener('click', () => document.body.classList.toggle('nav'))
$('attach').addEventListener('click', () => attach.click())
attach.addEventListener('change', async () => {
  for (const file of attach.files ?? []) {
    if (file.size > 5_000_000 || !file.type.startsWith('image/')) continue
    const bytes = new Uint8Array(await file.arrayBuffer())
    let text = ''
    for (const byte of bytes) text += String.fromCharCode(byte)
    attached.push({ type: 'media', mime: file.type, data: btoa(text), name: file.name })
  }
  attach.value = ''
  drawFiles()
})
window.addEventListener('focus', () => {
  if (session && !running()) void watch()
})

const { agents } = (await (await fetch('agents')).json()) as { agents: AgentInfo[] }
agent = agents[0]!
$('model').textContent = `${agent.name} · ${agent.model.id}`
const wanted = location.hash.slice(1)
if (/^[0-9a-f]{32}$/.test(wanted)) open(wanted)
else if (known()[0]) open(known()[0]!.id)
else newSession()
