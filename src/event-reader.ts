export interface SseEvent {
  event?: string | undefined
  data: string
}

/** Characters of one event. */
const eventLimit = 32_000_000

/**
 * Reads server-sent events (WHATWG) out of text that is cut anywhere: lines end in LF, CRLF or CR, comments are left out.
 * Ours, because the parser from outside weighed 1.6 KB gz, an eighth of the loop and a provider together; a test holds it to
 * that parser. An event without its blank line is complete after `feed('\n\n')`.
 */
export class EventReader {
  /** Pieces of a line that has not ended, joined only when it does: a long one would else be copied at each read. */
  #held: string[] = []
  #size = 0
  #data: string | undefined
  #event: string | undefined
  /** The text before ended in CR, so that an LF at the start of this one ends the same line. */
  #cut = false
  readonly #stray: ((line: string) => void) | undefined

  constructor(stray?: (line: string) => void) {
    this.#stray = stray
  }

  /** Adds the events that this text completes to `events`. Throws a `RangeError` for one of more than 32 MB. */
  feed(text: string, events: SseEvent[]): void {
    if (!text) return
    if (this.#cut && text[0] === '\n') text = text.slice(1)
    this.#cut = text.endsWith('\r')
    if (text.includes('\r')) text = text.replace(/\r\n?/g, '\n')
    if (text.includes('\n')) {
      const lines = this.#held.length ? this.#held.join('') + text : text
      let at = 0
      for (let end; (end = lines.indexOf('\n', at)) >= 0; at = end + 1) this.#line(lines, at, end, events)
      this.#held = at < lines.length ? [lines.slice(at)] : []
      this.#size = (this.#data?.length ?? 0) + lines.length - at
    } else {
      this.#held.push(text)
      this.#size += text.length
    }
    if (this.#size > eventLimit) throw new RangeError('the event is too long')
  }

  #line(lines: string, at: number, end: number, events: SseEvent[]): void {
    if (at === end) {
      if (this.#data !== undefined) events.push({ event: this.#event, data: this.#data })
      this.#data = this.#event = undefined
      return
    }
    if (lines.startsWith('data:', at)) return this.#add(lines.slice(lines[at + 5] === ' ' ? at + 6 : at + 5, end))
    const line = lines.slice(at, end)
    const [field] = line.split(':', 1)
    if (field === 'data') this.#add('')
    else if (field === 'event') this.#event = line.slice(6).replace(/^ /, '') || undefined
    else if (field && field !== 'id' && field !== 'retry') this.#stray?.(line)
  }

  #add(data: string): void {
    this.#data = this.#data === undefined ? data : `${this.#data}\n${data}`
  }
}
