// A process to be killed: sessions in a file, on whatever runtime runs this. `node test/sqlite/server.ts <file>` prints its port.
import { openSqlite } from '../../adapters/node/sqlite.ts'
import { app, localHost } from '../../src/http/app.ts'
import { agent, type Chunk, type Model, model, textOf, tool } from '../../src/index.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const platform = 'Deno' in globalThis ? 'deno' : 'Bun' in globalThis ? 'bun' : 'node'
const { serve } = (await import(`../../adapters/${platform}/index.ts`)) as typeof import('../../adapters/node/index.ts')

/** `call X` asks for the tool X; anything else is forty words, one in 10 ms. */
const words: Model = model({ id: 'words', provider: 'test' }, async function* ({ messages }): AsyncGenerator<Chunk> {
  const last = messages.at(-1)!
  const name = /call (\w+)/.exec(textOf(last))?.[1]
  if (name) yield { type: 'part', part: { type: 'call', id: `c-${name}`, name, input: {} } }
  else if (last.role === 'tool') yield { type: 'text', delta: 'All done.' }
  else
    for (let n = 0; n < 40; n++) {
      yield { type: 'text', delta: `word${n} ` }
      await sleep(10)
    }
  yield { type: 'finish', reason: name ? 'tools' : 'stop' }
})
const tools = [
  tool({ name: 'once', run: async (_, { attempt }) => (attempt === 1 && (await sleep(30_000)), `ran at attempt ${attempt}`) }),
  tool({ name: 'guarded', approval: true, run: () => 'guarded ran' }),
]

const { journal, store, blobs } = openSqlite(process.argv[2]!)
const agents = { a: agent({ name: 'a', model: words, tools }) }
const { port } = await serve(app({ agents, auth: 'open', store, host: localHost({ journal, store, blobs }) }), { port: 0 })
console.log(`port ${port}`)
