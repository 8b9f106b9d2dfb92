import { agentSession, durableHost, type SessionBindings } from '../../adapters/cloudflare/index.ts'
import { app } from '../../src/http/app.ts'
import { agent, textOf, tool } from '../../src/index.ts'
import { scripted } from '../../src/testing/index.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const tools = [
  tool({ name: 'once', run: async (_, { attempt }) => (attempt === 1 && (await sleep(30_000)), `ran at attempt ${attempt}`) }),
  tool({
    name: 'again',
    idempotent: true,
    run: async (_, { attempt }) => (attempt === 1 && (await sleep(30_000)), `ran at attempt ${attempt}`),
  }),
  // time to be killed after the call is written and before its start is
  tool({
    name: 'hesitant',
    approval: async () => (await sleep(1500), false),
    run: (_, { attempt }) => `hesitant ran at attempt ${attempt}`,
  }),
  tool({ name: 'guarded', approval: true, run: () => 'guarded ran' }),
]

/** Asks for the tool that the last message names, or says forty words slowly. */
const model = (): ReturnType<typeof scripted> =>
  scripted(
    ...Array.from(
      { length: 10 },
      () =>
        async function* (call: Parameters<ReturnType<typeof scripted>>[0]) {
          const last = call.messages.at(-1)!
          const name = /call (\w+)/.exec(textOf(last))?.[1]
          if (name && last.role === 'user')
            yield { type: 'part' as const, part: { type: 'call' as const, id: `c-${name}`, name, input: {} } }
          else if (last.role === 'tool') yield { type: 'text' as const, delta: 'All done.' }
          else
            for (let n = 0; n < 40; n++) {
              yield { type: 'text' as const, delta: `word${n} ` }
              await sleep(10)
            }
          yield { type: 'usage' as const, usage: { input: 1, output: 1 } }
          yield { type: 'finish' as const, reason: name && last.role === 'user' ? ('tools' as const) : ('stop' as const) }
        },
    ),
  )

const agents = (): Record<string, ReturnType<typeof agent>> => ({ crash: agent({ name: 'crash', model: model(), tools }) }) as never

export const AgentSession = agentSession<SessionBindings>({ agents, deadMan: 3000 })
export default app<SessionBindings>({ agents, auth: 'open', host: durableHost() })
