// Runs on every runtime that has node:https; the server is real, on loopback, under names that no resolver knows.
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pinnedFetch, type PinOptions } from '../adapters/node/fetch.ts'
import { guardedFetch } from '../src/media/index.ts'

/** Made for these tests: valid for pinned.example and other.example, until 2126. */
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg5AYj8e7k1B7QKSkm
lahAlYbqKAKk6/x7JYtF8k5c1/yhRANCAARMdBvm3R/nXoqcTDxfiHmZH6Z8Drs3
1W2f9Nft+B6rqB3MWA9p/qZjl6N2cSnZP2d5a+bDB5O/AebHsRb8F0mS
-----END PRIVATE KEY-----`
const cert = `-----BEGIN CERTIFICATE-----
MIIBszCCAVmgAwIBAgIUR1NroE52POn1obDO2vNGBXdQQ8swCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOcGlubmVkLmV4YW1wbGUwIBcNMjYxMTI0MTQzMTU0WhgPMjEy
NjEwMzExNDMxNTRaMBkxFzAVBgNVBAMMDnBpbm5lZC5leGFtcGxlMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAETHQb5t0f516KnEw8X4h5mR+mfA67N9Vtn/TX7fge
q6gdzFgPaf6mY5ejdnEp2T9neWvmwweTvwHmx7EW/BdJkqN9MHswHQYDVR0OBBYE
FL0ICdobA18KYB7qSuSCs2tOs+6qMB8GA1UdIwQYMBaAFL0ICdobA18KYB7qSuSC
s2tOs+6qMA8GA1UdEwEB/wQFMAMBAf8wKAYDVR0RBCEwH4IOcGlubmVkLmV4YW1w
bGWCDW90aGVyLmV4YW1wbGUwCgYIKoZIzj0EAwIDSAAwRQIgQ3ORfDMzfjQSATZ3
vQKCQpNXs3MDcaLaZoe9iNZvjS4CIQDFalWvF2Rh1jqwUEoGVj5IvvI13+NwnPi5
vtOv8zyDbA==
-----END CERTIFICATE-----`

export function pinnedTests(): void {
  const servers: Server[] = []
  const hits: string[] = []
  let port = 0
  const listen = async (host: string, port: number): Promise<number> => {
    const server = createServer({ key, cert }, (request, response) => {
      hits.push(`${host} ${request.headers.host}${request.url}`)
      if (request.url === '/slow') return
      if (request.url === '/redirect') return void response.writeHead(302, { location: 'https://other.example/' }).end()
      if (request.url === '/empty') return void response.writeHead(204).end()
      if (request.url === '/gzip') response.setHeader('content-encoding', 'gzip')
      response.setHeader('content-type', 'image/png')
      response.end(`from ${host}`)
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(port, host, resolve))
    return (server.address() as AddressInfo).port
  }
  beforeAll(async () => {
    port = await listen('127.0.0.1', 0)
    await listen('127.0.0.2', port)
  })
  afterAll(() => {
    for (const server of servers) {
      server.closeAllConnections()
      server.close()
    }
  })

  /** Gives each answer once, in order, and counts the questions. */
  const resolver = (...answers: string[][]): NonNullable<PinOptions['resolve']> & { asked: string[] } => {
    const asked: string[] = []
    return Object.assign(
      (host: string) => {
        asked.push(host)
        return Promise.resolve(
          (answers[asked.length - 1] ?? answers.at(-1)!).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
        )
      },
      { asked },
    )
  }
  const init = (signal: AbortSignal = new AbortController().signal): Parameters<ReturnType<typeof pinnedFetch>>[1] => ({
    headers: {},
    redirect: 'manual',
    signal,
  })
  const open = { allow: () => true, ca: cert }
  const ask = (options: PinOptions, path = '/', host = 'pinned.example'): Promise<Response> =>
    pinnedFetch(options)(`https://${host}:${port}${path}`, init())

  test('a name that resolves to a private address is refused, and nothing is asked there', async () => {
    for (const addresses of [
      ['127.0.0.1'],
      ['10.0.0.1'],
      ['::1'],
      ['::ffff:127.0.0.1'],
      ['169.254.169.254'],
      ['1.1.1.1', '127.0.0.1'],
      [],
    ]) {
      hits.length = 0
      await expect(ask({ resolve: resolver(addresses), ca: cert })).rejects.toMatchObject({ code: 'input/refused' })
      expect(hits).toEqual([])
    }
    // the twin: where it is allowed, it is asked
    expect(await (await ask({ resolve: resolver(['127.0.0.1']), ...open })).text()).toBe('from 127.0.0.1')
    expect(hits).toEqual([`127.0.0.1 pinned.example:${port}/`])
  })
  test('localhost, as this machine resolves it, is refused too', async () => {
    await expect(ask({ ca: cert }, '/', 'localhost')).rejects.toMatchObject({ code: 'input/refused' })
  })
  test('a name that answers otherwise between check and connect is connected to where it was checked', async () => {
    const resolve = resolver(['127.0.0.1'], ['127.0.0.2'])
    const response = await ask({ resolve, allow: (address) => address === '127.0.0.1', ca: cert })
    expect(await response.text()).toBe('from 127.0.0.1')
    expect(resolve.asked).toEqual(['pinned.example'])
    // and the next request is checked anew
    await expect(ask({ resolve, allow: (address) => address === '127.0.0.1', ca: cert })).rejects.toMatchObject({ code: 'input/refused' })
  })
  test('a name with an address that nobody answers at is reached by another one of it', async () => {
    const resolve = resolver(['127.0.0.3', '127.0.0.1'])
    expect(await (await ask({ resolve, ...open })).text()).toBe('from 127.0.0.1')
    await expect(ask({ resolve: resolver(['127.0.0.3']), ...open })).rejects.toThrow()
  })
  test('the certificate is that of the name, not of the address', async () => {
    const resolve = resolver(['127.0.0.1'])
    await expect(ask({ resolve, ...open }, '/', 'wrong.example')).rejects.toThrow()
    await expect(ask({ resolve, allow: () => true })).rejects.toThrow()
    expect((await ask({ resolve, ...open }, '/', 'other.example')).status).toBe(200)
  })
  test('an answer has its status, fields and body; a redirect is not followed', async () => {
    const resolve = resolver(['127.0.0.1'])
    const moved = await ask({ resolve, ...open }, '/redirect')
    expect([moved.status, moved.headers.get('location')]).toEqual([302, 'https://other.example/'])
    expect((await ask({ resolve, ...open }, '/empty')).status).toBe(204)
    expect((await ask({ resolve, ...open })).headers.get('content-type')).toBe('image/png')
    await expect(ask({ resolve, ...open }, '/gzip')).rejects.toMatchObject({ code: 'input/refused' })
  })
  test('an abort ends it, before and while it waits', async () => {
    const abort = new AbortController()
    const send = pinnedFetch({ resolve: resolver(['127.0.0.1']), ...open })
    const waiting = send(`https://pinned.example:${port}/slow`, init(abort.signal))
    setTimeout(() => abort.abort(new Error('enough')), 50)
    await expect(waiting).rejects.toThrow()
    await expect(send(`https://pinned.example:${port}/slow`, init(abort.signal))).rejects.toThrow('enough')
  })
  test('plain http is not for it', async () => {
    await expect(pinnedFetch(open)('http://pinned.example/', init())).rejects.toMatchObject({ code: 'input/refused' })
  })
  test('with the guard before it, a name for loopback is refused as any private address is', async () => {
    const get = guardedFetch({ fetch: pinnedFetch({ resolve: resolver(['127.0.0.1']) }) })
    await expect(get('https://pinned.example/')).rejects.toMatchObject({
      code: 'input/refused',
      message: 'a private or local address is not fetched',
    })
  })
}
