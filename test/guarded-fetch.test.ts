import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type GuardOptions, guardedFetch, isPublicAddress } from '../src/media/index.ts'

const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0])

/** Answers by address, and remembers what was asked. */
function web(pages: Record<string, () => Response | Promise<Response>>): NonNullable<GuardOptions['fetch']> & { asked: string[] } {
  const asked: string[] = []
  return Object.assign(
    (url: string): Promise<Response> => {
      asked.push(url)
      const page = pages[url]
      return page ? Promise.resolve(page()) : Promise.reject(new TypeError('no such host'))
    },
    { asked },
  )
}
const to =
  (location: string, status = 302): (() => Response) =>
  () =>
    new Response(null, { status, headers: { location } })
const page =
  (body: BodyInit, type = 'image/png'): (() => Response) =>
  () =>
    new Response(body, { headers: { 'content-type': type } })
/** An address that was refused before anything was asked. */
async function refuses(url: string, options: GuardOptions = {}): Promise<void> {
  const fetch = web({})
  await expect(guardedFetch({ fetch, ...options })(url), url).rejects.toMatchObject({ code: 'input/refused' })
  expect(fetch.asked, url).toEqual([])
}

const byte = fc.integer({ min: 0, max: 255 })
const number = (a: number, b: number, c: number, d: number): number => ((a * 256 + b) * 256 + c) * 256 + d
const privates = fc.oneof(
  fc.tuple(fc.constant(10), byte, byte, byte),
  fc.tuple(fc.constant(127), byte, byte, byte),
  fc.tuple(fc.constant(0), byte, byte, byte),
  fc.tuple(fc.constant(169), fc.constant(254), byte, byte),
  fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), byte, byte),
  fc.tuple(fc.constant(192), fc.constant(168), byte, byte),
  fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), byte, byte),
  fc.tuple(fc.integer({ min: 224, max: 255 }), byte, byte, byte),
)
const hex = (value: number): string => value.toString(16)
/** The ways to write one IPv4 address. */
const spellings: readonly ((a: number, b: number, c: number, d: number) => string)[] = [
  (a, b, c, d) => `${a}.${b}.${c}.${d}`,
  (a, b, c, d) => `${a}.${b}.${c}.${d}.`,
  (a, b, c, d) => String(number(a, b, c, d)),
  (a, b, c, d) => `0x${hex(number(a, b, c, d))}`,
  (a, b, c, d) => `0${number(a, b, c, d).toString(8)}`,
  (a, b, c, d) => `0x${hex(a)}.0${b.toString(8)}.${c * 256 + d}`,
  (a, b, c, d) => `${a}.${(b * 256 + c) * 256 + d}`,
  (a, b, c, d) => `%3${String(a)[0]}${String(a).slice(1)}.${b}.${c}.${d}`,
  (a, b, c, d) => `${String(a).replace(/\d/g, (digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0))}.${b}.${c}.${d}`,
  (a, b, c, d) => `${a}。${b}。${c}。${d}`,
  (a, b, c, d) => `[::ffff:${a}.${b}.${c}.${d}]`,
  (a, b, c, d) => `[::ffff:${hex(a * 256 + b)}:${hex(c * 256 + d)}]`,
  (a, b, c, d) => `[0:0:0:0:0:ffff:${a}.${b}.${c}.${d}]`,
  (a, b, c, d) => `[::${a}.${b}.${c}.${d}]`,
  (a, b, c, d) => `[64:ff9b::${a}.${b}.${c}.${d}]`,
  (a, b, c, d) => `[64:ff9b:1::${a}.${b}.${c}.${d}]`,
  (a, b, c, d) => `[2002:${hex(a * 256 + b)}:${hex(c * 256 + d)}::1]`,
  (a, b, c, d) => `[2001:0:${hex(a * 256 + b)}:${hex(c * 256 + d)}::]`,
]

describe('an address that is not public', () => {
  test('is refused in every spelling, before anything is asked', async () => {
    await fc.assert(
      fc.asyncProperty(privates, fc.constantFrom(...spellings), ([a, b, c, d], spell) => refuses(`https://${spell(a, b, c, d)}/x`)),
      { numRuns: 400 },
    )
  }, 30_000)
  test('is refused in any form of IPv6 outside what is given out', async () => {
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(groups, async (all) => {
        const [first, ...rest] = all
        const closed = first! >= 0x2000 && first! <= 0x3fff ? first! & 0x1fff : first!
        await refuses(`https://[${[closed, ...rest].map(hex).join(':')}]/`)
      }),
      { numRuns: 200 },
    )
  }, 30_000)
  test.each([
    'https://localhost/',
    'https://LOCALHOST./',
    'https://app.localhost/',
    'https://printer.local/',
    'https://metadata.google.internal/computeMetadata/v1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://[fd00:ec2::254]/',
    'https://[fe80::1]/',
    'https://[fe80::1%25eth0]/',
    'https://intranet/',
    'https://router.home.arpa/',
    'https://db.lan/',
    'https://[::]/',
    'https://[::1]/',
    'https://192.88.99.1/',
    'https://2130706433/',
  ])('%s', (url) => refuses(url))
  test.each([
    ['plain http', 'http://example.com/'],
    ['another scheme', 'file:///etc/passwd'],
    ['data', 'data:text/plain,hi'],
    ['a user name', 'https://user@example.com/'],
    ['a password', 'https://:secret@example.com/'],
    ['another port', 'https://example.com:8443/'],
    ['the port of ssh', 'https://example.com:22/'],
    ['no address', 'example.com'],
    ['nothing', ''],
    ['an empty label', 'https://example..com/'],
    ['endless text', `https://example.com/${'x'.repeat(9000)}`],
  ])('%s', (_, url) => refuses(url))
  test('is told from a public one', () => {
    for (const address of [
      '1.1.1.1',
      '8.8.8.8',
      '172.15.0.1',
      '172.32.0.1',
      '100.63.0.1',
      '100.128.0.1',
      '[2606:4700::1111]',
      '2a00:1450::1',
      '223.255.255.255',
    ])
      expect(isPublicAddress(address), address).toBe(true)
    for (const odd of [
      '',
      'example.com',
      '1.1.1',
      '1.1.1.256',
      '1::2::3',
      '::ffff:1.1.1.1',
      ':',
      '1:2:3:4:5:6:7:8:9',
      '2606:4700::1%eth0',
      '2001:db8::1',
    ])
      expect(isPublicAddress(odd), odd).toBe(false)
  })
  test('of any text never throws, and a URL is refused or asked', async () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void isPublicAddress(text)))
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.webUrl(),
          fc.ipV6().map((ip) => `https://[${ip}]/`),
          fc.ipV4Extended().map((ip) => `https://${ip}/`),
        ),
        async (url) => {
          const fetch = web({})
          await expect(guardedFetch({ fetch })(url)).rejects.toMatchObject({ code: 'input/refused' })
          for (const asked of fetch.asked) expect(new URL(asked).protocol).toBe('https:')
        },
      ),
    )
  }, 30_000)
})

describe('a public address', () => {
  test('is fetched, with what it holds', async () => {
    const fetch = web({ 'https://example.com/a.png': page(png) })
    const got = await guardedFetch({ fetch })('https://example.com/a.png#part')
    expect(got).toEqual({ url: 'https://example.com/a.png', mime: 'image/png', bytes: png })
  })
  test('is asked for what is accepted; another kind is refused, whatever the server calls it', async () => {
    const fetch = web({
      'https://example.com/a': page('<html>', 'image/png; charset=x'),
      'https://example.com/b': page(png, 'text/html'),
      'https://example.com/c': page('<html>', 'text/html'),
    })
    const get = guardedFetch({ fetch })
    expect((await get('https://example.com/b', { accept: ['image/*'] })).mime).toBe('image/png')
    await expect(get('https://example.com/c', { accept: ['image/*'] })).rejects.toMatchObject({ code: 'input/refused' })
    expect((await get('https://example.com/a')).mime).toBe('image/png')
  })
  test('that answers an error is refused; only one of the server may be tried again', async () => {
    const fetch = web({
      'https://example.com/404': () => new Response('no', { status: 404 }),
      'https://example.com/503': () => new Response('no', { status: 503 }),
    })
    const get = guardedFetch({ fetch })
    await expect(get('https://example.com/404')).rejects.toMatchObject({ code: 'input/refused', retryable: false })
    await expect(get('https://example.com/503')).rejects.toMatchObject({ code: 'input/refused', retryable: true })
    await expect(get('https://nowhere.example.com/')).rejects.toMatchObject({ code: 'input/refused', retryable: true })
  })
})

describe('redirects', () => {
  test('are followed, each address checked; relative ones too', async () => {
    const fetch = web({ 'https://a.com/': to('/b'), 'https://a.com/b': to('https://c.com/d', 307), 'https://c.com/d': page(png) })
    expect((await guardedFetch({ fetch })('https://a.com/')).url).toBe('https://c.com/d')
  })
  test.each([
    'http://a.com/',
    'https://127.0.0.1/',
    'https://[::1]/',
    '//localhost/',
    'https://a.com:8080/',
    'file:///etc/passwd',
    'https://u:p@a.com/',
  ])('to %s are refused, and nothing is asked there', async (target) => {
    const fetch = web({ 'https://a.com/': to(target) })
    await expect(guardedFetch({ fetch })('https://a.com/')).rejects.toMatchObject({ code: 'input/refused' })
    expect(fetch.asked).toEqual(['https://a.com/'])
  })
  test('end after three, or as many as said', async () => {
    const pages = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`https://a.com/${n}`, to(`/${n + 1}`)]))
    const fetch = web({ ...pages, 'https://a.com/9': page(png) })
    await expect(guardedFetch({ fetch })('https://a.com/0')).rejects.toMatchObject({ code: 'input/refused' })
    expect(fetch.asked).toHaveLength(4)
    expect((await guardedFetch({ fetch, redirects: 9 })('https://a.com/0')).bytes).toEqual(png)
  })
  test('that a browser hides are refused', async () => {
    const fetch = web({ 'https://a.com/': () => Response.error() })
    await expect(guardedFetch({ fetch })('https://a.com/')).rejects.toMatchObject({ code: 'input/refused' })
  })
})

describe('a list of hosts', () => {
  test('is needed where a model chooses: a TypeError at once', () => {
    expect(() => guardedFetch({ chosenBy: 'model' })).toThrow(TypeError)
    expect(() => guardedFetch({ chosenBy: 'model', allow: [] })).toThrow(TypeError)
    expect(() => guardedFetch({ chosenBy: 'model', allow: ['example.com'] })).not.toThrow()
    expect(() => guardedFetch({ chosenBy: 'user' })).not.toThrow()
  })
  test('lets these through and no other, redirects included', async () => {
    const fetch = web({ 'https://a.com/': page(png), 'https://x.b.com/': page(png), 'https://a.com/away': to('https://evil.com/') })
    const get = guardedFetch({ chosenBy: 'model', allow: ['a.com', '*.b.com'], fetch })
    await get('https://a.com/')
    await get('https://A.com./')
    await get('https://x.b.com/')
    for (const url of ['https://b.com/', 'https://xb.com/', 'https://evila.com/', 'https://a.com.evil.com/', 'https://a.com/away'])
      await expect(get(url), url).rejects.toMatchObject({ code: 'input/refused' })
    expect(fetch.asked.some((url) => url.includes('evil'))).toBe(false)
  })
  test('that names none is a TypeError', () => {
    for (const bad of ['*', '*.com*', 'https://a.com', 'localhost', 'a.com/x', ''])
      expect(() => guardedFetch({ allow: [bad] }), bad).toThrow(TypeError)
  })
})

describe('bounds', () => {
  const endless = (): Response =>
    new Response(
      new ReadableStream({
        pull(controller) {
          controller.enqueue(new Uint8Array(1000))
        },
      }),
    )
  test('a body that says it is too long is not read; one that is ends at the bound', async () => {
    const fetch = web({
      'https://a.com/said': () => new Response('x', { headers: { 'content-length': '999999' } }),
      'https://a.com/endless': endless,
      'https://a.com/fits': page(new Uint8Array(5000)),
    })
    const get = guardedFetch({ fetch, maxBytes: 5000 })
    await expect(get('https://a.com/endless')).rejects.toMatchObject({ code: 'request/too-large' })
    await expect(get('https://a.com/said')).rejects.toMatchObject({ code: 'request/too-large' })
    expect((await get('https://a.com/fits')).bytes).toHaveLength(5000)
  })
  test('a server that is silent, or trickles, is left when the time is up, also where fetch ignores its signal', async () => {
    const trickle = (): Response =>
      new Response(
        new ReadableStream({
          async pull(controller) {
            await new Promise((resolve) => setTimeout(resolve, 10))
            controller.enqueue(new Uint8Array(1))
          },
        }),
      )
    const fetch = web({ 'https://a.com/silent': () => new Promise(() => {}), 'https://a.com/trickle': trickle })
    const get = guardedFetch({ fetch, timeout: 50 })
    await expect(get('https://a.com/silent')).rejects.toMatchObject({ code: 'input/refused', retryable: true })
    await expect(get('https://a.com/trickle')).rejects.toMatchObject({ code: 'input/refused', retryable: true })
  })
  test('an abort ends it with its own reason', async () => {
    const fetch = web({ 'https://a.com/': () => new Promise(() => {}) })
    const abort = new AbortController()
    const asked = guardedFetch({ fetch })('https://a.com/', { signal: abort.signal })
    const reason = new Error('enough')
    abort.abort(reason)
    await expect(asked).rejects.toBe(reason)
    await expect(guardedFetch({ fetch })('https://a.com/', { signal: abort.signal })).rejects.toBe(reason)
  })
  test('a body that breaks off is refused and may be tried again', async () => {
    const broken = (): Response => new Response(new ReadableStream({ start: (controller) => controller.error(new Error('reset')) }))
    await expect(guardedFetch({ fetch: web({ 'https://a.com/': broken }) })('https://a.com/')).rejects.toMatchObject({
      code: 'input/refused',
      retryable: true,
    })
  })
})
