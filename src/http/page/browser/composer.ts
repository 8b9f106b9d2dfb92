import type { MediaPart } from '../../../message.ts'
import { $, el, icon, say } from './dom.ts'
import { picture, pictureOf } from './picture.ts'

/** What was written and attached. */
export interface Draft {
  text: string
  media: readonly MediaPart[]
  /** It takes the place of an earlier message: everything after this seq goes. */
  after?: number
}

export interface Composer {
  /** Puts a draft in the place of what is there. */
  set(draft: Draft): void
  readonly empty: boolean
  draw(running: boolean): void
  focus(): void
  /** Changes to the drafts of another session. */
  session(id: string): void
}

const attachLimit = 8

/** The field below the conversation: it grows with its text, takes pictures by button, paste and drop, and keeps drafts over a reload. */
export function composer(act: {
  submit: (draft: Draft) => void
  stop: () => void
  editLast: () => void
  refuse: (message: string) => void
}): Composer {
  const form = $<HTMLFormElement>('form')
  const field = $<HTMLTextAreaElement>('text')
  const chooser = $<HTMLInputElement>('file')
  const [files, sendButton, stopButton, banner] = [$('files'), $('send'), $('stop'), $('editing')]
  let media: MediaPart[] = []
  let after: number | undefined
  let running = false
  let id = ''

  const store = (): void => {
    try {
      if (field.value) sessionStorage.setItem(`draft ${id}`, field.value)
      else sessionStorage.removeItem(`draft ${id}`)
    } catch {
      // forbidden: then a reload loses the draft
    }
  }
  const fit = (): void => {
    // browsers without `field-sizing`
    if (CSS.supports('field-sizing', 'content')) return
    field.style.height = 'auto'
    field.style.height = `${field.scrollHeight}px`
  }
  const set = (draft: Draft): void => {
    field.value = draft.text
    media = [...draft.media]
    after = draft.after
    fit()
    store()
    drawFiles()
    drawState()
  }
  const drawFiles = (): void => {
    files.replaceChildren(
      ...media.map((part, at) =>
        el(
          'span',
          {},
          picture(part),
          el(
            'button',
            {
              type: 'button',
              'aria-label': `Remove ${part.name ?? 'image'}`,
              click: () => {
                media = media.toSpliced(at, 1)
                drawFiles()
                drawState()
                field.focus()
              },
            },
            icon('close'),
          ),
        ),
      ),
    )
  }
  const isEmpty = (): boolean => !field.value.trim() && !media.length
  const drawState = (): void => {
    const empty = isEmpty()
    stopButton.hidden = !running
    sendButton.hidden = running && empty
    sendButton.toggleAttribute('disabled', empty)
    const label = running ? 'Add to the answer' : after === undefined ? 'Send' : 'Send again'
    sendButton.setAttribute('aria-label', label)
    sendButton.title = label
    banner.hidden = after === undefined
    say($('hint'), running ? 'Esc stops. What you send now is added to the answer.' : 'Enter sends, Shift+Enter breaks the line.')
  }
  const add = async (chosen: Iterable<File>): Promise<void> => {
    for (const file of chosen) {
      if (media.length >= attachLimit) return act.refuse(`At most ${attachLimit} images can be attached.`)
      try {
        media = [...media, await pictureOf(file)]
      } catch (error) {
        act.refuse(error instanceof Error ? error.message : 'That cannot be attached.')
      }
    }
    drawFiles()
    drawState()
    field.focus()
  }
  const submit = (): void => {
    if (isEmpty()) return
    const draft = { text: field.value.trim(), media, ...(after !== undefined && { after }) }
    set({ text: '', media: [] })
    act.submit(draft)
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault()
    submit()
  })
  field.addEventListener('input', () => {
    fit()
    store()
    drawState()
  })
  field.addEventListener('keydown', (event) => {
    if (event.isComposing) return
    if (event.key === 'ArrowUp' && !field.value && !running) {
      event.preventDefault()
      act.editLast()
    }
    // on a touch keyboard Enter is the only way to a new line
    if (event.key !== 'Enter' || event.shiftKey || matchMedia('(pointer: coarse)').matches) return
    event.preventDefault()
    submit()
  })
  stopButton.addEventListener('click', () => {
    act.stop()
    field.focus()
  })
  $('unedit').addEventListener('click', () => {
    set({ text: '', media: [] })
    field.focus()
  })
  $('attach').addEventListener('click', () => chooser.click())
  chooser.addEventListener('change', () => {
    void add([...(chooser.files ?? [])])
    chooser.value = ''
  })
  field.addEventListener('paste', ({ clipboardData }) => {
    if (clipboardData?.files.length) void add([...clipboardData.files])
  })
  document.addEventListener('dragover', (event) => event.preventDefault())
  document.addEventListener('drop', (event) => {
    event.preventDefault()
    if (event.dataTransfer?.files.length) void add([...event.dataTransfer.files])
  })

  return {
    set,
    get empty() {
      return isEmpty()
    },
    draw(now) {
      running = now
      drawState()
    },
    focus: () => field.focus({ preventScroll: true }),
    session(next) {
      id = next
      let text = ''
      try {
        text = sessionStorage.getItem(`draft ${id}`) ?? ''
      } catch {
        // forbidden: no draft
      }
      set({ text, media: [] })
    },
  }
}
