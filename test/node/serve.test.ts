import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { serve, type ServeOptions, type Serving, type Web } from '../../adapters/node/index.ts'
import { app } from '../../src/http/app.ts'
import { agent, type Chunk, model } from '../../src/index.ts'
import { scripted } from '../../src/testing/index.ts'

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

test('an app answers a run as JSON and as events', async () => {
  const web = app({ agents: { a: agent({ name: 'a', model: scripted('Hello!', 'Hello again!') }) }, auth: 'open' })
  const base = await up(web.fetch)
  const post = (accept: string): Promise<Response> =>
    fetch(`${base}/agents/a/runs`, { method: 'POST', headers: { 'content-type': 'application/json', accept }, body: '{"input":"hi"}' })
  expect(await (await post('application/json')).json()).toMatchObject({ text: 'Hello!', finish: 'stop' })
  expect(await (await post('text/event-stream')).text()).toContain('event: finish')
})

describe('a reader', () => {
  test('that goes away stops the model at once; one that stays has the whole answer', async () => {
    let stopped = 0
    const slow = model({ id: 'slow', provider: 'test' }, async function* ({ signal }): AsyncGenerator<Chunk> {
      signal?.addEventListener('abort', () => (stopped = performance.now()))
      for (let n = 0; n < 20; n++) {
        yield { type: 'text', delta: `${n} ` }
        await sleep(10)
      }
      yield { type: 'finish', reason: 'stop' }
    })
    const base = await up(app({ agents: { a: agent({ name: 'a', model: slow }) }, auth: 'open' }).fetch)
    for (const accept of ['text/event-stream', 'application/json']) {
      const post = (signal?: AbortSignal): Promise<Response> =>
        fetch(`${base}/agents/a/runs`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', accept },
          body: '{"input":"hi"}',
          ...(signal && { signal }),
        })
      stopped = 0
      expect(await (await post()).text()).toContain('19 ')
      expect(stopped).toBe(0)
      const abort = new AbortController()
      const answer = post(abort.signal).then((response) => response.text())
      await sleep(60)
      const left = performance.now()
      abort.abort()
      await expect(answer).rejects.toThrow()
      await until(() => stopped > 0)
      expect(stopped - left).toBeLessThan(100)
    }
  })

  test('that does not read is not written for; one that reads gets on', async () => {
    let made = 0
    const base = await up(
      () =>
        new Response(
          new ReadableStream(
            {
              pull(controller) {
                controller.enqueue(new Uint8Array(65_536))
                if (++made === 800) controller.close()
              },
            },
            { highWaterMark: 0 },
          ),
        ),
    )
    const { socket } = await raw(base, 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
    socket.pause()
    await sleep(300)
    const then = made
    await sleep(300)
    expect(made).toBe(then)
    // what the kernel holds for both ends, and what one stream buffers: no more
    expect(made).toBeLessThan(200)
    socket.resume()
    await until(() => made === 800)
    socket.destroy()
  })

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
  test('is a 500 without its words, and the developer is told', async () => {
    const told: unknown[] = []
    const base = await up(
      () => {
        throw new Error('the password is 1234')
      },
      { onError: (error) => told.push(error) },
    )
    const response = await fetch(base)
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('1234')
    expect(told).toEqual([expect.objectContaining({ message: 'the password is 1234' })])
  })

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

describe('close', () => {
  const closing = async (ms: number, grace: number): Promise<boolean> => {
    let done = false
    const serving = await serve(
      {
        fetch: (_request, _env, { waitUntil }) => {
          waitUntil(sleep(ms).then(() => (done = true)))
          return new Response('ok')
        },
      },
      { port: 0 },
    )
    await (await fetch(`http://localhost:${serving.port}`)).text()
    await serving.close(grace)
    await expect(fetch(`http://localhost:${serving.port}`)).rejects.toThrow()
    return done
  }
  test('waits for late work, but not for ever', async () => {
    expect(await closing(100, 5000)).toBe(true)
    expect(await closing(2000, 50)).toBe(false)
  })
})

test('a port that is taken is an error', async () => {
  const base = await up(() => new Response(''))
  await expect(serve({ fetch: () => new Response('') }, { port: Number(new URL(base).port), hostname: '127.0.0.1' })).rejects.toThrow(
    'EADDRINUSE',
  )
})
