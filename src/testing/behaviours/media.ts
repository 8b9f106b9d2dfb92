import { KitError } from '../../errors.ts'
import type { MediaPart, Message } from '../../message.ts'
import { user } from '../../message.ts'
import { type Behaviour, equal, fail, holds } from './behaviour.ts'

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='
const pdf = 'JVBERi0xLjQKJSVFT0Y='
const image: MediaPart = { type: 'media', mime: 'image/png', data: png }
const asking = (...media: MediaPart[]): Message[] => [{ role: 'user', parts: [{ type: 'text', text: 'What is it?' }, ...media] }]
const ok = { say: [{ text: 'a dot' }] }

/** Images and documents. */
export const media: readonly Behaviour[] = [
  {
    name: 'image',
    group: 'media',
    says: 'An image arrives beside the text, byte by byte.',
    needs: ['images'],
    async run({ ask }) {
      const { asked } = await ask(ok, { messages: asking(image) })
      const [turn] = asked.turns
      equal([turn?.text, turn?.media.map(({ data }) => data)], ['What is it?', [png]], 'what was asked')
      const mime = turn?.media[0]?.mime
      holds(mime === undefined || mime === 'image/png', `its type is ${mime}`)
    },
  },
  {
    name: 'images',
    group: 'media',
    says: 'Several images arrive in their order.',
    needs: ['images'],
    async run({ ask }) {
      const other = 'iVBORw0KGgo='
      const { asked } = await ask(ok, { messages: asking(image, { ...image, data: other }) })
      equal(
        asked.turns[0]?.media.map(({ data }) => data),
        [png, other],
        'images',
      )
    },
  },
  {
    name: 'image by address',
    group: 'media',
    says: 'An image that the vendor shall fetch is named by its address.',
    needs: ['images', 'image by address'],
    async run({ ask }) {
      const url = 'https://example.com/dot.png?size=1&x=%20'
      const { asked } = await ask(ok, { messages: asking({ type: 'media', mime: 'image/png', url }) })
      equal(
        asked.turns[0]?.media.map((each) => each.url),
        [url],
        'addresses',
      )
    },
  },
  {
    name: 'PDF',
    group: 'media',
    says: 'A PDF arrives.',
    needs: ['pdf'],
    async run({ ask }) {
      const { asked } = await ask(ok, { messages: asking({ type: 'media', mime: 'application/pdf', data: pdf, name: 'paper.pdf' }) })
      equal(
        asked.turns[0]?.media.map(({ data }) => data),
        [pdf],
        'documents',
      )
    },
  },
  {
    name: 'media that is not taken',
    group: 'media',
    says: 'New media of a kind that the vendor does not take is refused before anything is asked; it is never dropped.',
    async run({ ask, server, model }) {
      for (const mime of ['video/quicktime', 'application/x-tar']) {
        const before = server.asked.length
        try {
          const { asked } = await ask(ok, { messages: asking({ type: 'media', mime, data: 'AAAA' }) })
          holds(
            asked.turns.some((turn) => turn.media.some(({ data }) => data === 'AAAA')),
            `${mime} was dropped`,
          )
        } catch (error) {
          if (!(error instanceof KitError)) throw error
          equal(
            [error.code, error.retryable, server.asked.length],
            ['model/unsupported', false, before],
            `the refusal of ${mime} by ${model.info.provider}`,
          )
        }
      }
    },
  },
  {
    name: 'media in history',
    group: 'media',
    says: 'Media of earlier turns that the vendor does not take does not end the conversation: it is named in words.',
    async run({ ask }) {
      const tape: MediaPart = { type: 'media', mime: 'application/x-tar', data: 'AAAA' }
      const messages: Message[] = [...asking(tape), { role: 'assistant', parts: [{ type: 'text', text: 'A tape.' }] }, user('Sure?')]
      const { asked, text } = await ask(ok, { messages })
      equal(text, 'a dot', 'answer')
      const [first = fail('the turn is not there')] = asked.turns
      holds(first.media.length || first.text.includes('application/x-tar'), `nothing names it: ${first.text}`)
    },
  },
]
