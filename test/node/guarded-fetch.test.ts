// The guard over a real `fetch` and a real server: what is mapped to loopback is only the address.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type GuardOptions, guardedFetch } from '../../src/media/index.ts'

const seen: { url?: string | undefined; cookie?: string | undefined; accept?: string | undefined }[] = []
const server = createServer((request, response) => {
  seen.push({ url: request.url, cookie: request.headers.cookie, accept: request.headers.accept })
  if (request.url === '/moved') return void response.writeHead(301, { location: '/png', 'set-cookie': 'a=b' }).end('moved')
  if (request.url === '/inside') return void response.writeHead(307, { location: 'https://127.0.0.1/' }).end()
  if (request.url === '/bomb') return void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(5_000_000)))
  if (request.url === '/cut') {
    response.writeHead(200, { 'content-length': '1000' }).write('x')
    return void setTimeout(() => response.destroy(), 20)
  }
  response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(Buffer.from('89504e470d0a1a0a', 'hex'))
})
beforeAll(() => new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve)))
afterAll(() => void server.close())

const real: GuardOptions['fetch'] = (url, init) => {
  const { pathname } = new URL(url)
  return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`, init)
}

test('a redirect is seen and checked, not followed by fetch itself', async () => {
  const got = await guardedFetch({ fetch: real })('https://example.com/moved', { accept: ['image/*'] })
  expect([got.url, got.mime]).toEqual(['https://example.com/png', 'image/png'])
  expect(seen).toEqual([
    { url: '/moved', cookie: undefined, accept: 'image/*' },
    { url: '/png', cookie: undefined, accept: 'image/*' },
  ])
  await expect(guardedFetch({ fetch: real })('https://example.com/inside')).rejects.toMatchObject({ code: 'input/refused' })
})

test('a body is counted as it is after decompression', async () => {
  await expect(guardedFetch({ fetch: real, maxBytes: 100_000 })('https://example.com/bomb')).rejects.toMatchObject({
    code: 'request/too-large',
  })
  expect((await guardedFetch({ fetch: real })('https://example.com/bomb')).bytes).toHaveLength(5_000_000)
})

test('a connection that breaks is refused, and may be tried again', async () => {
  await expect(guardedFetch({ fetch: real })('https://example.com/cut')).rejects.toMatchObject({ code: 'input/refused', retryable: true })
})
