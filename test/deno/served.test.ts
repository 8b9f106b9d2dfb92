import { serve, sockets } from '../../adapters/deno/index.ts'
import { served } from '../served.ts'

served('Deno.serve', async () => ({ socket: sockets(), serve: (web, options) => serve(web, { ...options, port: 0 }) }))
