import type { Conversation, Outgoing } from './conversation.ts'
import { type Answer, askView } from './ask.ts'
import { $, el, icon, place } from './dom.ts'
import { type MessageView, messageView } from './message.ts'
import { picture } from './picture.ts'

/** Messages that are drawn at first and at each wish for more. */
const stretch = 300
/** Px from the end within which the log keeps to its end as it grows. */
const near = 80

export interface Log {
  draw(conversation: Conversation, empty: () => HTMLElement): void
  /** Begins anew: another session. */
  clear(): void
  /** Keeps to the end from now on. */
  toEnd(): void
}

/** The conversation on the page. A frame draws what has changed since the last one and nothing else. */
export function conversationLog(
  who: () => string,
  act: { edit: (message: string) => void; repeat: () => void; answer: (id: string, answer: Answer) => Promise<boolean> },
): Log {
  const log = $('log')
  const turns = $('turns')
  const jump = $('jump')
  let views = new Map<string, MessageView>()
  let asks = new Map<string, HTMLElement>()
  const leaving = new WeakMap<Outgoing, HTMLElement>()
  let limit = stretch
  let sticks = true
  let top = 0
  let again = (): void => {}

  const end = (): void => {
    log.scrollTop = log.scrollHeight
    top = log.scrollTop
  }
  const left = (): number => log.scrollHeight - log.scrollTop - log.clientHeight
  const settle = (): void => {
    if (sticks) end()
    jump.hidden = sticks || left() < near * 3
  }
  log.addEventListener(
    'scroll',
    () => {
      // growth alone moves nothing up: only a reader does
      if (left() < near) sticks = true
      else if (log.scrollTop < top) sticks = false
      top = log.scrollTop
      jump.hidden = sticks || left() < near * 3
    },
    { passive: true },
  )
  // the window may change its size, and what is in it: a picture that comes, an article that is laid out only when it is seen
  const sizes = new ResizeObserver(settle)
  sizes.observe(log)
  sizes.observe(turns)
  // what somebody opens must not move away under the pointer
  turns.addEventListener('click', ({ target }) => {
    if (target instanceof Element && target.closest('summary')) sticks = false
  })
  const toEnd = (): void => {
    sticks = true
    settle()
  }
  jump.addEventListener('click', toEnd)

  const earlier = el('button', { type: 'button', class: 'earlier', click: () => more() }, 'Show earlier messages')
  const more = (): void => {
    limit += stretch
    again()
  }
  const working = el('p', { class: 'working', 'aria-hidden': 'true' }, el('i'), el('i'), el('i'))
  const failure = el('div', { class: 'error', role: 'alert' })

  const draw = (conversation: Conversation, empty: () => HTMLElement): void => {
    again = () => draw(conversation, empty)
    const { running, state, progress, writing } = conversation
    const messages = [...conversation.messages]
    const given = state.partial?.id
    // an answer that begins with a call: its arguments are written before anything is said
    if (given !== undefined && writing.size && messages.at(-1)?.id !== given) messages.push({ id: given, role: 'assistant', parts: [] })
    const nodes: Node[] = []
    const kept = new Map<string, MessageView>()
    const from = Math.max(0, messages.length - limit)
    if (from) nodes.push(earlier)
    const last = messages.findLastIndex(({ role }) => role === 'assistant')
    const lastUser = messages.findLastIndex(({ role }) => role === 'user')
    for (let at = from; at < messages.length; at++) {
      const message = messages[at]!
      if (message.role === 'tool' || message.role === 'system' || message.name === 'kit') continue
      const id = message.id ?? `at ${at}`
      const view = views.get(id) ?? messageView(message.role, who(), { edit: () => act.edit(id), repeat: act.repeat })
      const next = messages[at + 1]
      const beside = conversation.beside(id)
      view.update({
        message,
        ...(next?.role === 'tool' && { answers: next }),
        ...(beside && { beside }),
        calls: state.calls,
        progress,
        writing,
        growing: running && id === given,
        busy: running && at >= lastUser,
        canEdit: message.role === 'user' && !running,
        canRepeat: at === last && at > lastUser && !running && !state.pending.size && !conversation.failure,
      })
      kept.set(id, view)
      nodes.push(view.node)
    }
    views = kept
    for (const message of conversation.outgoing) {
      const { text, media } = message
      const node =
        leaving.get(message) ??
        el(
          'article',
          { class: 'user outgoing', 'aria-label': 'On its way' },
          el('div', { class: 'body' }, ...media.map(picture), el('p', { class: 'plain' }, text)),
        )
      leaving.set(message, node)
      nodes.push(node)
    }
    if (!messages.length && !conversation.outgoing.length) nodes.push(empty())
    const open = new Map<string, HTMLElement>()
    for (const pending of state.pending.values()) {
      const node = asks.get(pending.id) ?? askView(pending, (answer) => act.answer(pending.id, answer))
      open.set(pending.id, node)
      nodes.push(node)
    }
    asks = open
    const speaks = given !== undefined && messages.at(-1)?.id === given
    const acts = [...state.calls.values()].some(({ starts, result }) => starts && !result)
    if ((running && !speaks && !acts) || conversation.outgoing.length) nodes.push(working)
    const { ended } = conversation
    if (ended && !running) nodes.push(el('p', { class: 'ended' }, ended))
    if (conversation.failure) {
      const { message, code } = conversation.failure
      const retry = lastUser >= 0 && !running && code !== 'offline' && !code.startsWith('session/')
      const shown = `${code} ${message} ${retry}`
      // drawn once: an alert that is drawn again speaks again
      if (failure.dataset.shown !== shown) {
        failure.dataset.shown = shown
        failure.replaceChildren(
          el('p', {}, message, ' ', el('code', {}, code)),
          ...(retry ? [el('button', { type: 'button', click: act.repeat }, icon('redo'), 'Try again')] : []),
        )
      }
      nodes.push(failure)
    } else delete failure.dataset.shown
    place(turns, nodes)
    log.toggleAttribute('aria-busy', running)
    if (sticks) end()
  }

  return {
    draw,
    clear() {
      views = new Map()
      asks = new Map()
      limit = stretch
      sticks = true
      jump.hidden = true
    },
    toEnd,
  }
}
