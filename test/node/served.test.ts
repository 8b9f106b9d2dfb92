import { WebSocketServer } from 'ws'
import { serve, sockets } from '../../adapters/node/index.ts'
import { served } from '../served.ts'

served('node:http', async () => {
  const own = sockets(new WebSocketServer({ noServer: true, maxPayload: 10_000_000 }))
  return { socket: own.socket, serve: (web, options) => serve(web, { ...options, port: 0, sockets: own }) }
})
