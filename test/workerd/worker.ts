// The worker behind these tests: what the model says follows from what it is asked, so that a test can be read alone.
import { agentSession, durableHost, type SessionBindings } from '../../adapters/cloudflare/index.ts'
import { type Access, app, bearer } from '../../src/http/app.ts'
import { agent, type Agent, type Model, model, textOf, tool } from '../../src/index.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const tools = [
  tool({ name: 'echo', idempotent: true, run: (input) => input }),
  tool({ name: 'guarded', approval: true, run: () => 'guarded ran' }),
]

/** `call X` asks for the tool X; `slow N` says N words, one in 10 ms; anything else is said back; after a tool: `All done.` */
const parrot: Model = model(
  { id: 'parrot', provider: 'testing', capabilities: { tools: true } },
  async function* parrot({ messages, signal }) {
    const last = messages.at(-1)!
    const text = textOf(last)
    const name = last.role === 'user' ? /^call (\w+)/.exec(text)?.[1] : undefined
    const words = Number(/^slow (\d+)/.exec(text)?.[1] ?? 0)
    if (name) yield { type: 'part', part: { type: 'call', id: `c-${name}`, name, input: {} } }
    else if (last.role === 'tool') yield { type: 'text', delta: 'All done.' }
    else if (words)
      for (let n = 0; n < words && !signal?.aborted; n++) {
        yield { type: 'text', delta: `word${n} ` }
        await sleep(10)
      }
    else yield { type: 'text', delta: `You said: ${text}` }
    yield { type: 'usage', usage: { input: 1, output: 1 } }
    yield { type: 'finish', reason: name ? 'tools' : 'stop' }
  },
)

const agents: Record<string, Agent> = { helper: agent({ name: 'helper', model: parrot, tools }) }

/** A reader may watch and nothing else. */
const access: Access = ({ roles }, { action }) =>
  !roles?.includes('reader') || action === 'events' || action === 'socket' || action === 'get'

export const AgentSession = agentSession<SessionBindings>({ agents, access, deadMan: 3000 })
/** `ada`, `bob`; `ada-reader` is ada with fewer rights, `ada-until-N` is ada whose login ends at N (Unix ms). */
const auth = bearer((token) => {
  const [id = '', kind, at] = token.split('-')
  if (id !== 'ada' && id !== 'bob') return undefined
  return { id, ...(kind === 'reader' && { roles: ['reader'] }), ...(kind === 'until' && { expires: Number(at) }) }
})

export default app<SessionBindings>({
  agents,
  auth,
  access,
  host: durableHost(),
  origins: ['https://friend.example'],
  limits: { bytes: 1_000_000 },
})
