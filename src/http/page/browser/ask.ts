import type { Pending } from '../../../event.ts'
import { el } from './dom.ts'
import { visible } from './markdown.ts'

/** What is sent as the answer; the route checks it again. */
export type Answer = { approve: boolean } | { output: unknown }

/** A card that asks: all that would happen is on it, with nothing hidden, folded or cut off. */
export function askView(open: Pending, answer: (answer: Answer) => Promise<boolean>): HTMLElement {
  const name = visible(open.call?.name ?? 'this')
  const input = visible(JSON.stringify(open.call?.input ?? {}, null, 2))
  const title = el('h3', { id: `ask-${open.id}` }, open.kind === 'approval' ? `Allow ${name}?` : `${name} waits for an answer`)
  const buttons: HTMLButtonElement[] = []
  const give = async (what: Answer): Promise<void> => {
    for (const button of buttons) button.disabled = true
    if (!(await answer(what))) for (const button of buttons) button.disabled = false
  }
  const button = (label: string, what: () => Answer, main = false): HTMLButtonElement => {
    const made = el('button', { type: 'button', class: main ? 'main' : '', click: () => void give(what()) }, label)
    buttons.push(made)
    return made
  }
  const field =
    open.kind === 'approval'
      ? undefined
      : el('textarea', { rows: 3, 'aria-label': `Output of ${name}`, placeholder: 'Its output: JSON or text' })
  return el(
    'section',
    { class: 'ask', role: 'group', tabindex: -1, 'aria-labelledby': title.id },
    title,
    el('p', {}, open.kind === 'approval' ? 'This is everything it will be given:' : 'This is what it was asked:'),
    el('pre', { tabindex: 0, 'aria-label': 'Input' }, input),
    ...(field ? [field] : []),
    el(
      'div',
      {},
      ...(field ? [button('Send', () => ({ output: parsed(field.value) }), true)] : [button('Allow', () => ({ approve: true }), true)]),
      button('Refuse', () => ({ approve: false })),
      el('small', {}, `Counts as refused after ${new Date(open.expires).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })}`),
    ),
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
