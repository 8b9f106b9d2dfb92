import { KitError } from '../errors.ts'
import type { Message } from '../message.ts'
import { textOf } from '../message.ts'
import { type Chunk, model, type Model, type ModelCall } from '../model.ts'

export interface DemoOptions {
  /** Ms between words; default 25. */
  pace?: number
}

const intro =
  'I am the **demo model**: no key is set, so no language model answers here. I follow simple rules, and the tools I call are real. Try:\n\n' +
  '- `what time is it?`\n- `12 * (3 + 4)`\n- `how is the app?`\n- `delete my notes` (this one needs your approval)\n- `count down from 5` (a tool with progress)\n- `tell me a long story` (then stop me, or reload the page in the middle)\n- `think about it`\n- `show me markdown`\n- `show me an error`\n\n' +
  'Set `OPENAI_API_KEY`, `ANTHROPIC_API_KEY` or `GEMINI_API_KEY` in `.dev.vars` and that provider answers instead.'

const story =
  'Once there was a small worker at the edge of the network. Every morning it woke within five milliseconds, stretched its one event loop, and looked for letters. ' +
  'Most letters were short. Some were so long that people lost patience and closed their windows in the middle; the worker went on writing all the same, for it had learned that readers come back. ' +
  'It kept a journal. Nothing began before it stood there: no tool was lifted, no question was sent, until the ink was dry. ' +
  'One night the power failed between two words. In the next isolate somebody opened the journal, read the last line aloud, and continued the sentence as if nothing had happened. ' +
  'Two readers who had watched from different cities compared what they had seen. It was the same story, to the letter. '

const markdown =
  '## What this page renders\n\n1. **bold**, *italic*, ~~struck~~, `code`\n2. [links](https://example.com) with their host shown\n   - lists in lists\n3. [x] tasks\n\n' +
  '```ts\n// a comment, a string, a number\nconst answer: string = `six times seven is ${6 * 7}`\n```\n\n' +
  '| runtime | cold start | where |\n|---|---:|:---:|\n| workerd | 5 ms | edge |\n| Node | 40 ms | anywhere |\n\n> No HTML, no remote images: what a model says is never trusted.'

const musing =
  'They ask me to think. I am a table of rules, so there is not much to think about, but thinking is shown folded like this one: ' +
  'first what was asked, then what follows from it, and then the answer. '

/**
 * A model that needs no key: rules instead of a language model, and it says so. It calls the tools `time`, `calculator`,
 * `health`, `countdown` and `delete_notes` where the agent has them. Asked for an error it throws `model/overloaded`.
 */
export function demo({ pace = 25 }: DemoOptions = {}): Model {
  return model(
    { id: 'demo', provider: 'demo', capabilities: { tools: true, reasoning: true, input: ['text', 'image'] } },
    async function* demo(call) {
      let words = 0
      for (const chunk of answer(call)) {
        call.signal?.throwIfAborted()
        if (chunk.type === 'text' || chunk.type === 'reasoning') {
          for (const delta of chunk.delta.match(/\s*\S+\s*/g) ?? []) {
            yield { type: chunk.type, delta }
            words++
            if (pace) await pause(pace, call.signal)
          }
        } else yield chunk
      }
      const input = Math.ceil(JSON.stringify(call.messages).length / 4)
      yield { type: 'usage', usage: { input, output: Math.ceil(words * 1.3) } }
      yield { type: 'finish', reason: 'stop' }
    },
  )
}

function* answer({ messages, tools = [] }: ModelCall): Generator<Chunk> {
  const last = messages.at(-1)
  if (last?.role === 'tool') return yield* report(last)
  const said = last ? textOf(last) : ''
  const has = (name: string): boolean => tools.some((tool) => tool.name === name)
  const calls: { name: string; input: unknown }[] = []
  if (/\b(time|clock|date|uhr)\b/i.test(said) && has('time')) calls.push({ name: 'time', input: {} })
  const seconds = /\bcount\s*down\b(?:\D*(\d{1,2}))?/i.exec(said)
  if (seconds && has('countdown')) calls.push({ name: 'countdown', input: { seconds: Math.min(Math.max(Number(seconds[1] ?? 5), 1), 30) } })
  const sum = /[-+(]*\d[\d\s.+\-*/()^%]*[\d)]/.exec(said)?.[0]
  if (sum && /[+\-*/^%]/.test(sum) && has('calculator')) calls.push({ name: 'calculator', input: { expression: sum.trim() } })
  if (/\b(health|app|status)\b/i.test(said) && has('health')) calls.push({ name: 'health', input: {} })
  if (/\b(delete|remove|wipe)\b/i.test(said) && has('delete_notes'))
    calls.push({ name: 'delete_notes', input: { which: /\ball\b/i.test(said) ? 'all' : 'mine' } })
  if (calls.length) {
    yield { type: 'text', delta: calls.length > 1 ? 'I will use several tools at once.' : `I will use the tool \`${calls[0]!.name}\`.` }
    for (const { name, input } of calls) {
      const id = `demo_${crypto.randomUUID().slice(0, 8)}`
      yield { type: 'tool-input', id, name, delta: JSON.stringify(input) }
      yield { type: 'part', part: { type: 'call', id, name, input } }
    }
    return
  }
  if (last?.parts.some(({ type }) => type === 'media')) {
    yield { type: 'notice', code: 'demo/blind', message: 'The image was not looked at: the demo model has no eyes.' }
    return yield { type: 'text', delta: 'Your image has arrived. A demo model cannot see, so I will not pretend to.' }
  }
  if (/\b(error|fail|break)\b/i.test(said)) {
    yield { type: 'text', delta: 'This answer is about to break off …' }
    throw new KitError('model/overloaded', 'The demo model was asked to fail, and did.', { retryable: true })
  }
  if (/\b(think|reason|why)\b/i.test(said)) {
    yield { type: 'reasoning', delta: musing }
    return yield { type: 'text', delta: 'I have thought about it, and it comes out as a rule. (demo model)' }
  }
  if (/\b(story|long|count)\b/i.test(said)) return yield { type: 'text', delta: `${story}\n\n`.repeat(4) + 'The end. (demo model)' }
  if (/markdown/i.test(said)) return yield { type: 'text', delta: markdown }
  yield {
    type: 'text',
    delta: messages.filter(({ role }) => role === 'user').length > 1 ? `You said: “${said.slice(0, 200)}”. ${intro}` : intro,
  }
}

function* report(last: Message): Generator<Chunk> {
  for (const part of last.parts) {
    if (part.type !== 'result') continue
    const what = part.error
      ? `\`${part.name}\` did not do it: ${part.error.message}.`
      : `\`${part.name}\` says: \`${JSON.stringify(part.output)}\`.`
    yield { type: 'text', delta: `${what} ` }
  }
  yield { type: 'text', delta: '(demo model)' }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    const stop = (): void => {
      if (timer) clearTimeout(timer)
      reject(signal!.reason)
    }
    signal?.addEventListener('abort', stop, { once: true })
  })
}
