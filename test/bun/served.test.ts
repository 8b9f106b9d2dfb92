import { serve, sockets } from '../../adapters/bun/index.ts'
import { served } from '../served.ts'

served('Bun.serve', async () => {
  const own = sockets()
  return { socket: own.socket, serve: (web, options) => serve(web, { ...options, port: 0, sockets: own }) }
})
