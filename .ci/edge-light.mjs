// Serves examples/vercel on edge-light, the runtime of Vercel's edge functions (`@edge-runtime/vm`), for a client over HTTP.
import { EdgeVM } from '@edge-runtime/vm'
import { build } from 'esbuild'
import { createServer } from 'node:http'
import { join } from 'node:path'

const { outputFiles } = await build({
  entryPoints: [join(import.meta.dirname, '../examples/vercel/api/index.ts')],
  bundle: true,
  write: false,
  format: 'iife',
  globalName: 'example',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  conditions: ['edge-light', 'import'],
})
const vm = new EdgeVM()
vm.evaluate(outputFiles[0].text)
const handler = vm.evaluate('example.default')
const { AbortController, Request } = vm.context

createServer(async (message, reply) => {
  let body = ''
  for await (const data of message) body += data
  const gone = new AbortController()
  reply.once('close', () => reply.writableFinished || gone.abort())
  const url = `http://${message.headers.host}${message.url}`
  const response = await handler(
    new Request(url, { method: message.method, headers: message.headers, signal: gone.signal, ...(body && { body }) }),
  )
  reply.writeHead(response.status, Object.fromEntries(response.headers))
  const reader = response.body?.getReader()
  for (let part; reader && !(part = await reader.read()).done;) reply.write(part.value)
  reply.end()
}).listen(Number(process.env.PORT), 'localhost', () => console.log(`http://localhost:${process.env.PORT}`))
