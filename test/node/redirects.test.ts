// Redirects over real HTTP: what a platform would follow by itself, with keys in headers that it does not know.
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { collect, type Model, user } from '../../src/index.ts'
import { anthropicServices } from '../../src/providers/anthropic-services.ts'
import { anthropic } from '../../src/providers/anthropic.ts'
import { gemini } from '../../src/providers/gemini.ts'
import { openaiChat } from '../../src/providers/openai-chat.ts'
import { openaiServices } from '../../src/providers/openai-services.ts'

interface Seen {
  path: string
  key: unknown
  body: string
}
const key = 'sk-secret'
const open: Server[] = []
const elsewhere: Seen[] = []
const here: Seen[] = []
let to = ''
let home = ''
let status = 307

async function read(request: IncomingMessage): Promise<Seen> {
  let body = ''
  for await (const piece of request) body += String(piece)
  const { headers } = request
  return { path: request.url!, key: headers['x-api-key'] ?? headers['x-goog-api-key'] ?? headers.authorization, body }
}

const at = (server: Server): Promise<string> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)))

beforeAll(async () => {
  const other = createServer((request, response) => void read(request).then((seen) => (elsewhere.push(seen), response.end('{}'))))
  const first = createServer(
    (request, response) =>
      void read(request).then((seen) => {
        here.push(seen)
        if (seen.path === '/moved') return response.end('the file')
        return response.writeHead(status, { location: seen.path.startsWith('/same') ? '/moved' : `${to}/taken` }).end('{}')
      }),
  )
  open.push(other, first)
  to = await at(other)
  home = await at(first)
})
afterAll(() => {
  for (const server of open) server.close()
})

const models: readonly (readonly [string, () => Model])[] = [
  ['Messages', () => anthropic('claude-haiku-4-5', { apiKey: key, baseURL: home })],
  ['generateContent', () => gemini('gemini-3-flash', { apiKey: key, baseURL: home })],
  ['Chat', () => openaiChat('gpt-5.4', { apiKey: key, baseURL: home })],
]
test.each(models)('a question of %s goes nowhere else, whatever its server answers', async (_name, model) => {
  for (status of [301, 302, 303, 307, 308]) {
    elsewhere.length = here.length = 0
    await expect(collect(model()({ messages: [user('a secret')] }))).rejects.toMatchObject({ code: 'model/http', status, retryable: false })
    expect(elsewhere).toEqual([])
    expect(here).toMatchObject([{ key: expect.stringContaining(key) as string, body: expect.stringContaining('a secret') as string }])
  }
})

test('what is sent to a service goes nowhere else; what is only asked for is fetched from the same origin, with the key', async () => {
  for (status of [302, 307]) {
    elsewhere.length = here.length = 0
    const services = openaiServices({ apiKey: key, baseURL: home })
    await expect(services.embed('e').embed({ values: ['a secret'] })).rejects.toMatchObject({
      code: 'model/http',
      status,
      retryable: false,
    })
    await expect(services.files.delete('f')).rejects.toMatchObject({ code: 'model/http', status })
    // another origin without https
    await expect(anthropicServices({ apiKey: key, baseURL: home }).listModels()).rejects.toMatchObject({ code: 'model/http', status })
    expect(elsewhere).toEqual([])
    const same = openaiServices({ apiKey: key, baseURL: `${home}/same` })
    expect(new TextDecoder().decode(await same.files.content!('f'))).toBe('the file')
    expect(here.at(-1)).toEqual({ path: '/moved', key: `Bearer ${key}`, body: '' })
  }
})
