// Deno 2: `npm run build && deno run -A examples/deno/server.ts`. Deno has SQLite too: see examples/node for sessions in a file.
import { app, localHost } from 'edgeswarm/http'
import { serve, sockets } from 'edgeswarm/deno'
import { assistant } from '../agent.ts'

const { Deno } = globalThis as unknown as { Deno: { env: { get(name: string): string | undefined } } }
const web = app({ agents: { assistant }, auth: 'open', host: localHost({ socket: sockets() }) })

const { port } = await serve(web, { port: Number(Deno.env.get('PORT') ?? 8787) })
console.log(`http://localhost:${port}`)
