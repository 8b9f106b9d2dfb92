import type { Part } from '../../../message.ts'
import { send, type Sent } from './api.ts'
import { composer, type Draft } from './composer.ts'
import { Conversation } from './conversation.ts'
import { $, el, icon, say } from './dom.ts'
import { follow, type Follower } from './follow.ts'
import { conversationLog } from './log.ts'
import { count, textOf } from './message.ts'
import { isId, keep, known, type Known, newId, sessionList } from './sessions.ts'

interface AgentInfo {
  name: string
  description?: string
  model: { id: string; provider: string }
  tools?: { name: string; description?: string }[]
}

let agents: AgentInfo[] = []
let agent: AgentInfo
let session = ''
let conversation = new Conversation()
let follower: Follower | undefined
let drawing = false
/** Whether the agent of a session is still there. */
const served = (entry: Known): boolean => agents.some(({ name }) => name === entry.agent)
/** Something that the list shows has changed. */
let listed = false
/** What the status line last spoke of; nothing is spoken of what was there before. */
let spoken: { running: boolean; pending: number } | undefined

const path = (rest = '', id = session, name = agent.name): string => `agents/${name}/sessions/${id}${rest}`
/** Other windows of this browser: told of a turn at once, where they would see it only at their next look. */
const windows = new BroadcastChannel('edgeswarm')

const log = conversationLog(() => agent.name, {
  edit,
  repeat: () => void repeat(),
  answer: async (id, answer) => {
    // the card goes with its buttons: whoever uses the keyboard must not be left nowhere
    writer.focus()
    const sent = await begin(`/pending/${id}`, answer)
    if ('failure' in sent) fail(sent.failure)
    return 'response' in sent
  },
})
const writer = composer({
  submit: (draft) => void submit(draft),
  stop: () => void stop(),
  editLast: () => {
    const last = conversation.state.messages.findLast(({ message }) => message.role === 'user')
    if (last?.message.id) edit(last.message.id)
  },
  refuse: (message) => fail({ code: 'attachment', message }),
})
const list = sessionList({
  shown: served,
  open: (entry) => open(entry.agent, entry.id),
  rename: async (entry, title) => {
    const sent = await send('PATCH', path('', entry.id, entry.agent), { title })
    if ('failure' in sent) return fail(sent.failure)
    keep(known().map((other) => (other.id === entry.id ? { ...other, title } : other)))
    list.draw(session)
    if (entry.id === session) follower?.nudge()
    windows.postMessage(entry.id)
  },
  remove: async (entry) => {
    const sent = await send('DELETE', path('', entry.id, entry.agent))
    if ('failure' in sent && sent.failure.code !== 'session/unknown') return fail(sent.failure)
    forget(entry.id)
    if (entry.id === session) open(agent.name, newId(), true)
  },
})

/** Shows a session; one that was just made (`fresh`) is not asked for before something is said in it. */
function open(name: string, id: string, fresh = false): void {
  agent = agents.find((other) => other.name === name) ?? agents[0]!
  session = id
  if (location.hash !== `#${agent.name}/${id}`) location.hash = `${agent.name}/${id}`
  conversation = new Conversation()
  spoken = undefined
  follower?.stop()
  follower = undefined
  log.clear()
  writer.session(id)
  drawer(false)
  $<HTMLSelectElement>('agent').value = agent.name
  say($('model'), agent.model.id === agent.name ? agent.name : `${agents.length > 1 ? '' : `${agent.name} · `}${agent.model.id}`)
  if (fresh) unbegun(id, true)
  else watch()
  draw()
  list.draw(session)
  writer.focus()
}

/** Whether a session was made in this tab and nothing was said in it yet: after a reload it need not be asked for. */
function unbegun(id: string, is?: boolean): boolean {
  try {
    if (is) sessionStorage.setItem('unbegun', id)
    else if (is === false) sessionStorage.removeItem('unbegun')
    return sessionStorage.getItem('unbegun') === id
  } catch {
    return false
  }
}

function watch(): void {
  if (follower) return follower.nudge()
  unbegun(session, false)
  const mine = conversation
  follower = follow({
    address: (after) => path(`/events?after=${after}`),
    cursor: () => mine.state.seq,
    take: (event) => {
      if (!mine.take(event)) return
      if (event.type === 'start' || event.type === 'title') listed = true
      soon()
    },
    lost: (how) => {
      if (how === 'gone' && mine.state.begun) {
        forget(session)
        mine.forget()
        mine.failure = { code: 'session/unknown', message: 'This session was deleted.' }
      } else mine.forget()
      soon()
    },
    online: (yes) => {
      $('offline').hidden = yes
      if (yes && mine.failure?.code === 'offline') mine.failure = undefined
    },
  })
}

/** The same message sent again after its answer was lost is one message: it keeps its key as long as it is the same. */
let attempt = { body: '', key: '' }

async function submit({ text, media, after }: Draft): Promise<void> {
  const mine = conversation
  const input: Part[] = [...media, ...(text ? [{ type: 'text' as const, text }] : [])]
  mine.failure = undefined
  const outgoing = { text, media }
  mine.outgoing.push(outgoing)
  draw()
  log.toEnd()
  const body = JSON.stringify([session, after, input])
  if (attempt.body !== body) attempt = { body, key: crypto.randomUUID() }
  const cut = after === undefined ? undefined : await send('POST', path('/rewind'), { to: after })
  const sent =
    cut && 'failure' in cut ? cut : await begin(`/runs${mine.running ? '?mode=steer' : ''}`, { input }, { 'idempotency-key': attempt.key })
  if ('response' in sent) {
    attempt = { body: '', key: '' }
    // its event says where it stands; should that be missed, it must not stay for ever
    setTimeout(() => {
      mine.sent(text)
      soon()
    }, 5000)
    return
  }
  mine.sent(text)
  if (mine === conversation) {
    if (writer.empty) writer.set({ text, media, ...(after !== undefined && { after }) })
    fail(sent.failure)
  }
}

/** Begins a run, or goes on with one. Its events come by the one stream that is followed anyway: nothing can come twice. */
async function begin(rest: string, body: unknown, headers: Record<string, string> = {}): Promise<Sent> {
  const id = session
  const sent = await send('POST', path(rest), body, { accept: 'text/event-stream', ...headers })
  if ('response' in sent) {
    void sent.response.body?.cancel()
    windows.postMessage(id)
    if (id === session) watch()
  }
  return sent
}

/** Cuts the transcript before the last thing that was said and says it again. */
async function repeat(): Promise<void> {
  const at = conversation.state.messages.findLastIndex(({ message }) => message.role === 'user')
  const last = conversation.state.messages[at]
  if (!last) return
  const cut = await send('POST', path('/rewind'), { to: before(at) })
  if ('failure' in cut) return fail(cut.failure)
  const sent = await begin('/runs', { input: last.message.parts })
  if ('failure' in sent) {
    writer.set({ text: textOf(last.message), media: last.message.parts.filter((part) => part.type === 'media') })
    fail(sent.failure)
  }
}

function edit(id: string): void {
  const at = conversation.state.messages.findIndex(({ message }) => message.id === id)
  const entry = conversation.state.messages[at]
  if (!entry || conversation.running) return
  const { message } = entry
  writer.set({ text: textOf(message), media: message.parts.filter((part) => part.type === 'media'), after: before(at) })
  writer.focus()
}

/** Seq after which everything goes when message `at` goes. */
const before = (at: number): number => conversation.state.messages[at - 1]?.seq ?? 0

async function stop(): Promise<void> {
  const sent = await send('POST', path('/cancel'), {})
  if ('failure' in sent) return fail(sent.failure)
  // it has ended: what the stream has not told by now is fetched
  setTimeout(() => {
    if (conversation.running) follower?.nudge(true)
  }, 300)
}

function fail(failure: { code: string; message: string }): void {
  conversation.failure = failure
  draw()
  log.toEnd()
}

function forget(id: string): void {
  keep(known().filter((entry) => entry.id !== id))
  list.draw(session)
  windows.postMessage(id)
}

/** Draws in the next frame; a hidden window has none, but its title must still call. */
function soon(): void {
  if (drawing) return
  drawing = true
  const run = (): void => {
    drawing = false
    draw()
  }
  if (document.hidden) setTimeout(run, 250)
  else requestAnimationFrame(run)
}

function draw(): void {
  const { state, running } = conversation
  if (listed) {
    listed = false
    const entry: Known = { id: session, agent: agent.name, title: state.title || 'New session', at: state.updated }
    keep([entry, ...known().filter(({ id }) => id !== session)])
    list.draw(session)
  }
  log.draw(conversation, hello)
  writer.draw(running)
  const { input, output } = state.usage
  say($('total'), input + output ? `${count(input + output)} tokens` : '')
  $('total').title = `${count(input)} in, ${count(output)} out`
  say($('title'), state.title || 'New session')
  document.title = `${state.pending.size ? '● ' : ''}${state.title || 'EdgeSwarm'}`
  speak()
}

/** Tells screen readers what happened, once and whole: a log that grows word by word cannot be listened to. */
function speak(): void {
  const now = { running: conversation.running, pending: conversation.state.pending.size }
  const last = spoken
  spoken = now
  if (!last) return
  if (now.pending > last.pending) {
    say($('status'), `Your approval is needed: ${[...conversation.state.pending.values()].at(-1)?.call?.name ?? 'a tool'}`)
    // whoever is writing is not interrupted; and no button is focused, so that no stray Enter can allow anything
    if (writer.empty) document.querySelector<HTMLElement>('.ask')?.focus()
  } else if (now.running && !last.running) say($('status'), `${agent.name} is answering`)
  else if (last.running && !now.running && !now.pending)
    say($('status'), conversation.ended ?? textOf(conversation.messages.findLast(({ role }) => role === 'assistant')).slice(0, 2000))
}

/** What an empty session says: what the agent is, and what it can use. */
function hello(): HTMLElement {
  const { name, description, model, tools = [] } = agent
  // the demo model follows rules, and these are the ones that show the most
  const tries =
    model.provider === 'demo'
      ? ['What time is it?', 'Work out 12 * (3 + 4)', 'Delete my notes', 'Count down from 5', 'Tell me a long story', 'Show me markdown']
      : []
  return el(
    'section',
    { class: 'hello' },
    el('i', { 'aria-hidden': 'true' }),
    el('h3', {}, 'What shall we do?'),
    el('p', {}, description ?? name),
    el('div', {}, ...tries.map((text) => el('button', { type: 'button', click: () => void submit({ text, media: [] }) }, text))),
    ...(tools.length && !tries.length
      ? [el('ul', {}, ...tools.map((tool) => el('li', {}, el('b', {}, tool.name), ` ${tool.description ?? ''}`)))]
      : []),
  )
}

function drawer(opened: boolean): void {
  document.body.classList.toggle('nav', opened)
  $('menu').setAttribute('aria-expanded', String(opened))
  $('main').inert = opened
}

function route(): void {
  const [, name, id] = /^#(?:([^/]+)\/)?([^/]+)$/.exec(location.hash) ?? []
  if (isId(id) && (name === undefined || agents.some((other) => other.name === name))) {
    if (id !== session) open(name ?? agents[0]!.name, id, unbegun(id))
    return
  }
  const last = known().find(served)
  if (last) open(last.agent, last.id)
  else open(agents[0]!.name, newId(), true)
}

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || $<HTMLDialogElement>('confirm').open) return
  if (document.body.classList.contains('nav')) {
    drawer(false)
    $('menu').focus()
  } else if (conversation.running) void stop()
})
$('new').prepend(icon('plus'))
for (const name of ['menu', 'attach', 'send', 'stop'] as const) $(name).append(icon(name))
$('jump').append(icon('down'))
$('new').addEventListener('click', () => open(agent.name, newId(), true))
$('menu').addEventListener('click', () => {
  drawer(!document.body.classList.contains('nav'))
  $('new').focus()
})
$('shade').addEventListener('click', () => drawer(false))
$('skip').addEventListener('click', () => writer.focus())
$('agent').addEventListener('change', (event) => open((event.target as HTMLSelectElement).value, newId(), true))
windows.addEventListener('message', ({ data }) => {
  if (data === session) watch()
})
window.addEventListener('storage', () => list.draw(session))
window.addEventListener('hashchange', route)

/** The page needs to know its agents before it can do anything. */
async function start(): Promise<void> {
  const sent = await send('GET', 'agents')
  if ('response' in sent) ({ agents } = (await sent.response.json()) as { agents: AgentInfo[] })
  const failure =
    'failure' in sent ? sent.failure : agents.length ? undefined : { code: 'agent/unknown', message: 'There is no agent here.' }
  if (failure) {
    const again = (): void => location.reload()
    $('turns').replaceChildren(
      el(
        'div',
        { class: 'error', role: 'alert' },
        el('p', {}, failure.message, ' ', el('code', {}, failure.code)),
        el('button', { type: 'button', click: again }, 'Try again'),
      ),
    )
    return
  }
  const choice = $<HTMLSelectElement>('agent')
  choice.append(...agents.map(({ name }) => el('option', { value: name }, name)))
  choice.hidden = agents.length < 2
  route()
}

void start()
