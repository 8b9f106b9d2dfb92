// A process of its own, since a proxy is read from the environment at its start: says what a pinned fetch asked the proxy for.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import { pinnedFetch } from '../../adapters/node/fetch.ts'

const calls: string[] = []
const proxy = createServer()
proxy.on('connect', ({ url = '' }, socket) => {
  calls.push(url)
  socket.destroy()
})
proxy.listen(Number(process.argv[2]), '127.0.0.1', async () => {
  const address = `https://pinned.example:${(proxy.address() as AddressInfo).port}/`
  const send = pinnedFetch({ resolve: async () => [{ address: '127.0.0.9', family: 4 }], allow: () => true })
  const error: unknown = await send(address, { headers: {}, redirect: 'manual', signal: AbortSignal.timeout(3000) }).catch((error) => error)
  console.log(JSON.stringify({ failed: error instanceof Error, calls }))
  process.exit()
})
