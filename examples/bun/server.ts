// Bun: `npm run build && bun examples/bun/server.ts`. Bun has SQLite too: see examples/node for sessions in a file.
import { app, localHost } from 'edgeswarm/http'
import { serve, sockets } from 'edgeswarm/bun'
import { assistant } from '../agent.ts'

const own = sockets()
const web = app({ agents: { assistant }, auth: 'open', host: localHost({ socket: own.socket }) })

const { port } = await serve(web, { port: Number(process.env.PORT ?? 8787), sockets: own })
console.log(`http://localhost:${port}`)
