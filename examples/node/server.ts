// Node 24: `npm run build && node examples/node/server.ts`. Sessions are in a file and survive the process.
import { app, localHost } from 'edgeswarm/http'
import { serve, sockets } from 'edgeswarm/node'
import { openSqlite } from 'edgeswarm/node/sqlite'
import { WebSocketServer } from 'ws'
import { assistant } from '../agent.ts'

const { journal, store, blobs } = openSqlite(process.env.DB ?? 'sessions.sqlite')
const own = sockets(new WebSocketServer({ noServer: true, maxPayload: 10_000_000 }))
const host = localHost({ journal, store, blobs, socket: own.socket })
const web = app({ agents: { assistant }, auth: 'open', store, host })

const { port, close } = await serve(web, { port: Number(process.env.PORT ?? 8787), sockets: own })
console.log(`http://localhost:${port}`)
process.once('SIGTERM', () => void close())
