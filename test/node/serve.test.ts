import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { serve, type ServeOptions, type Serving, type Web } from '../../adapters/node/index.ts'
import { app } from '../../src/http/app.ts'

const open: Serving[] = []
afterEach(async () => {
  for (const serving of open.splice(0)) await serving.close(0)
})
async function up(fetch: Web['fetch'], options: ServeOptions = {}): Promise<string> {
  const serving = await serve({ fetch }, { port: 0, hostname: '127.0.0.1', ...options })
  open.push(serving)
  return `http://127.0.0.1:${serving.port}`
}
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
async function until(what: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !what(); tries++) await sleep(10)
  expect(what()).toBe(true)
}
/** A client that says what no `fetch` would. */
async function raw(base: string, text: string): Promise<{ socket: Socket; answer: () => string }> {
  const { hostname, port } = new URL(base)
  const socket = connect(Number(port), hostname)
  let answer = ''
  socket.setEncoding('latin1').on('data', (data) => (answer += data))
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(text)
  return { socket, answer: () => answer }
}

describe('a reader', () => {
  test('that asks by HEAD gets headers and no body', async () => {
    let cancelled = false
    const base = await up(
      () =>
        new Response(
          new ReadableStream({
            pull: (controller) => controller.enqueue(new Uint8Array(9)),
            cancel() {
              cancelled = true
            },
          }),
          { headers: { 'x-here': 'yes' } },
        ),
    )
    const response = await fetch(base, { method: 'HEAD' })
    expect([response.headers.get('x-here'), await response.text(), cancelled]).toEqual(['yes', '', true])
  })

  test('sees the headers before a body that is slow to begin', async () => {
    let begin = (): void => {}
    const started = new Promise<void>((resolve) => (begin = resolve))
    const base = await up(
      () =>
        new Response(
          new ReadableStream({
            async pull(controller) {
              await started
              controller.enqueue(new TextEncoder().encode('late'))
              controller.close()
            },
          }),
        ),
    )
    const response = await fetch(base)
    expect(response.status).toBe(200)
    begin()
    expect(await response.text()).toBe('late')
  })
})

describe('a request', () => {
  test('brings its body, headers, method and bindings; a response its status, text and every cookie', async () => {
    const base = await up(
      async (request, env) => {
        const headers = new Headers([
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
        ])
        const size = (await request.arrayBuffer()).byteLength
        return new Response(`${request.method} ${request.headers.get('x-me')} ${size} ${JSON.stringify(env)}`, {
          status: 201,
          statusText: 'Made',
          headers,
        })
      },
      { env: { KEY: 'k' } },
    )
    const response = await fetch(base, { method: 'PUT', headers: { 'x-me': 'é'.normalize() }, body: new Uint8Array(5_000_000) })
    expect([response.status, response.statusText, response.headers.getSetCookie()]).toEqual([201, 'Made', ['a=1', 'b=2']])
    expect(await response.text()).toBe('PUT é 5000000 {"KEY":"k"}')
  })

  test('with a body that is refused gets the refusal, and its connection an end', async () => {
    const base = await up(app({ agents: {}, auth: 'open', limits: { bytes: 1000 } }).fetch)
    const { socket, answer } = await raw(
      base,
      'POST /agents/a/runs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9000000\r\n\r\n{',
    )
    await until(() => /^HTTP\/1.1 4\d\d/.test(answer()))
    await once(socket, 'close')
    expect(socket.destroyed).toBe(true)
  })

  test('that no URL can be is 400, and its path is never another host', async () => {
    const base = await up((request) => new Response(request.url))
    for (const [text, want] of [
      ['GET //elsewhere/x HTTP/1.1\r\nhost: localhost\r\n\r\n', 'http://localhost//elsewhere/x'],
      ['GET http://elsewhere/ HTTP/1.1\r\nhost: localhost\r\n\r\n', '400 Bad Request'],
      ['GET / HTTP/1.1\r\nhost: user@localhost\r\n\r\n', '400 Bad Request'],
      ['OPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n', '400 Bad Request'],
      ['GET / HTTP/1.0\r\n\r\n', '400 Bad Request'],
      ['TRACE / HTTP/1.1\r\nhost: localhost\r\n\r\n', '400 Bad Request'],
    ] as const) {
      const { socket, answer } = await raw(base, text)
      await until(() => answer().includes(want))
      socket.destroy()
    }
  })
})

describe('an app that throws', () => {
  test('in the middle of a body ends the connection: nobody takes the half for the whole', async () => {
    let n = 0
    const base = await up(
      () =>
        new Response(
          new ReadableStream({
            pull(controller) {
              if (n++ < 3) controller.enqueue(new TextEncoder().encode('half'))
              else controller.error(new Error('no more'))
            },
          }),
        ),
    )
    await expect(fetch(base).then((response) => response.text())).rejects.toThrow()
    expect(n).toBeGreaterThan(3)
  })
})

test('a port that is taken is an error', async () => {
  const base = await up(() => new Response(''))
  await expect(serve({ fetch: () => new Response('') }, { port: Number(new URL(base).port), hostname: '127.0.0.1' })).rejects.toThrow(
    'EADDRINUSE',
  )
})
