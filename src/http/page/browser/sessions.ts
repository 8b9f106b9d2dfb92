import { $, el, icon } from './dom.ts'

/** A session that this browser knows. In open mode nobody else keeps a list: the id is the key. */
export interface Known {
  id: string
  agent: string
  title: string
  /** Unix ms of its last event. */
  at: number
}

const key = 'edgeswarm'
const limit = 200

/** Session ids and agent names as the routes take them. */
export const isId = (id: unknown): id is string => typeof id === 'string' && /^[a-zA-Z0-9_-]{1,128}$/.test(id)

/** 128 random bits. */
export const newId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')

/** The known sessions, newest first; what else lies in the storage under our key is not believed. */
export function known(): Known[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key) ?? '[]')
    return Array.isArray(found) ? found.filter(isKnown).sort((a, b) => b.at - a.at) : []
  } catch {
    return []
  }
}

export function keep(sessions: readonly Known[]): void {
  try {
    localStorage.setItem(key, JSON.stringify(sessions.slice(0, limit)))
  } catch {
    // the storage is full or forbidden: the address still leads to the session
  }
}

const isKnown = (entry: Partial<Known> | null): entry is Known =>
  typeof entry === 'object' &&
  entry !== null &&
  isId(entry.id) &&
  isId(entry.agent) &&
  typeof entry.title === 'string' &&
  typeof entry.at === 'number'

export interface SessionList {
  draw(current: string): void
}

/** The list at the side, with renaming in place and a question before anything is deleted. */
export function sessionList(act: {
  shown: (entry: Known) => boolean
  open: (entry: Known) => void
  rename: (entry: Known, title: string) => Promise<void>
  remove: (entry: Known) => Promise<void>
}): SessionList {
  const list = $('list')
  const ask = $<HTMLDialogElement>('confirm')
  let current = ''
  let renaming: string | undefined
  let removing: Known | undefined

  $('delete').addEventListener('click', () => {
    ask.close()
    if (removing) void act.remove(removing)
  })
  $('keep').addEventListener('click', () => ask.close())

  const draw = (): void => {
    list.replaceChildren(
      ...known()
        .filter(act.shown)
        .map((entry) => el('li', { class: entry.id === current ? 'on' : '' }, ...row(entry))),
    )
  }

  const row = (entry: Known): HTMLElement[] => {
    const { id, title } = entry
    if (id === renaming) return [rename(entry)]
    return [
      el('button', { type: 'button', click: () => act.open(entry), title, ...(id === current && { 'aria-current': 'true' }) }, title),
      el('button', { type: 'button', class: 'quiet', 'aria-label': `Rename ${title}`, click: () => begin(id) }, icon('edit')),
      el(
        'button',
        {
          type: 'button',
          class: 'quiet',
          'aria-label': `Delete ${title}`,
          click: () => {
            removing = entry
            $('doomed').textContent = title
            ask.showModal()
          },
        },
        icon('trash'),
      ),
    ]
  }

  const begin = (id: string): void => {
    renaming = id
    draw()
    const field = list.querySelector('input')
    field?.focus()
    field?.select()
  }

  const rename = (entry: Known): HTMLElement => {
    const field = el('input', { value: entry.title, 'aria-label': `New title of ${entry.title}`, maxlength: 200 })
    const end = (save: boolean): void => {
      if (renaming !== entry.id) return
      renaming = undefined
      const title = field.value.trim()
      draw()
      list.querySelector<HTMLElement>('.on button')?.focus()
      if (save && title && title !== entry.title) void act.rename(entry, title)
    }
    field.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== 'Escape') return
      event.preventDefault()
      event.stopPropagation()
      end(event.key === 'Enter')
    })
    field.addEventListener('blur', () => end(true))
    return field
  }

  return {
    draw(id) {
      current = id
      // the field that is being written in must not go
      if (renaming === undefined) draw()
    },
  }
}
