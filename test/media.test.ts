// Large media: by reference in the journal, whole for the model, by an owner-checked address for readers.
import { describe, expect, test } from 'vitest'
import { app, bearer, localHost } from '../src/http/app.ts'
import { agent, type Blobs, memoryBlobs, memoryJournal, tool } from '../src/index.ts'
import { scripted, type Script } from '../src/testing/index.ts'

// oxlint-disable-next-line typescript/no-explicit-any -- answers of a service are looked at freely
type Fields = Record<string, any>

const bytes = new Uint8Array(100_000).map((_, at) => (at * 7) % 256)
const data = btoa(String.fromCharCode(...bytes.subarray(0, 50_000)) + String.fromCharCode(...bytes.subarray(50_000)))
const large = { type: 'media', mime: 'image/png', data }
const small = { type: 'media', mime: 'image/png', data: 'AAAA' }
const at = '/agents/a/sessions/s'

function service(scripts: readonly Script[] = ['one', 'two', 'three', 'four']) {
  const journal = memoryJournal()
  const kept = new Map<string, Blobs>()
  const blobs = (session: string): Blobs => kept.get(session) ?? kept.set(session, memoryBlobs()).get(session)!
  const picture = tool({ name: 'picture', run: () => ({ parts: [large] }) })
  const m = scripted(...scripts)
  /** A host of its own, as another isolate would have. */
  const web = () =>
    app({
      agents: { a: agent({ name: 'a', model: m, tools: [picture] }) },
      auth: bearer({ ann: { id: 'ann' }, bob: { id: 'bob' } }),
      host: localHost({ journal, blobs }),
    })
  const first = web()
  const send = async (method: string, path: string, body?: unknown, as = 'ann', to = first): Promise<{ status: number; body: Fields }> => {
    const response = await to.request(`http://localhost${path}`, {
      method,
      headers: { authorization: `Bearer ${as}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : { text } }
  }
  const fetchBlob = (path: string, as = 'ann') => first.request(`http://localhost/${path}`, { headers: { authorization: `Bearer ${as}` } })
  return { send, m, journal, fetchBlob, web, kept }
}
const mediaOf = (body: Fields): Fields[] =>
  body.messages.flatMap(({ parts }: Fields) =>
    parts.flatMap((part: Fields) => (part.type === 'media' ? [part] : (part.parts ?? []).filter(({ type }: Fields) => type === 'media'))),
  )

describe('media of more than 64 KB', () => {
  test('is a reference in the journal, whole for the model, and served to its owner only', async () => {
    const { send, m, journal, fetchBlob } = service()
    await send('POST', `${at}/runs`, { input: [{ type: 'text', text: 'look' }, large, small] })
    expect(JSON.stringify(await journal.read('a/s'))).not.toContain(data.slice(0, 100))
    expect(m.calls[0]!.messages[0]!.parts).toMatchObject([{ text: 'look' }, { data }, { data: 'AAAA' }])
    const [shown, inline] = mediaOf((await send('GET', at)).body)
    expect(inline).toMatchObject({ data: 'AAAA' })
    expect(shown).toMatchObject({ mime: 'image/png', url: `agents/a/sessions/s/blobs/${shown!.ref}` })
    const response = await fetchBlob(shown!.url)
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/png',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    })
    expect((await fetchBlob(shown!.url, 'bob')).status).toBe(404)
    expect((await fetchBlob(shown!.url.replace(/[0-9a-f]{64}$/, '0'.repeat(64)))).status).toBe(404)
  })
  test('is whole again for the next run, also in another isolate', async () => {
    const { send, m, web } = service()
    await send('POST', `${at}/runs`, { input: [large] })
    await send('POST', `${at}/runs`, { input: 'and now?' }, 'ann', web())
    expect(m.calls[1]!.messages[0]!.parts).toMatchObject([{ data }])
  })
  test('may come from a tool', async () => {
    const { send, m, journal } = service([[{ type: 'call', id: 'c', name: 'picture', input: {} }], 'seen'])
    await send('POST', `${at}/runs`, { input: 'show' })
    expect(JSON.stringify(await journal.read('a/s'))).not.toContain(data.slice(0, 100))
    expect(m.calls[1]!.messages.at(-1)!.parts).toMatchObject([{ type: 'result', parts: [{ data }] }])
    expect(mediaOf((await send('GET', at)).body)[0]!.url).toContain('/blobs/')
  })
  test('that a session has may be given again by reference, also after a rewind; another’s may not', async () => {
    const { send, m } = service()
    await send('POST', `${at}/runs`, { input: [large] })
    const { ref } = mediaOf((await send('GET', at)).body)[0]!
    await send('POST', `${at}/rewind`, { to: 0 })
    const again = [{ type: 'media', mime: 'image/png', ref }]
    expect((await send('POST', `${at}/runs`, { input: again })).status).toBe(200)
    expect(m.calls[1]!.messages[0]!.parts).toMatchObject([{ data }])
    expect((await send('POST', '/agents/a/sessions/other/runs', { input: again }, 'bob')).body.code).toBe('request/invalid')
    expect((await send('POST', '/agents/a/runs', { input: again })).body.code).toBe('request/invalid')
  })
  test('goes along with a fork and is gone with its session', async () => {
    const { send, m, fetchBlob, kept } = service()
    await send('POST', `${at}/runs`, { input: [large] })
    const { url } = mediaOf((await send('GET', at)).body)[0]!
    await send('POST', `${at}/fork`, { session: 'f' })
    expect((await send('DELETE', at)).status).toBe(204)
    expect((await fetchBlob(url)).status).toBe(404)
    expect(await kept.get('a/s')!.get(url.slice(-64))).toBeUndefined()
    expect((await fetchBlob(url.replace('/s/', '/f/'))).status).toBe(200)
    await send('POST', '/agents/a/sessions/f/runs', { input: 'and?' })
    expect(m.calls[1]!.messages[0]!.parts).toMatchObject([{ data }])
  })
  test('that is gone is said to the model, not hidden', async () => {
    const { send, m, kept, web } = service()
    await send('POST', `${at}/runs`, { input: [large] })
    kept.clear()
    await send('POST', `${at}/runs`, { input: 'still there?' }, 'ann', web())
    expect(m.calls[1]!.messages[0]!.parts).toEqual([{ type: 'text', text: '[image/png: no longer stored]' }])
  })
  test('that is no picture is a download', async () => {
    const { send, fetchBlob } = service()
    await send('POST', `${at}/runs`, { input: [{ type: 'media', mime: 'text/html', data }] })
    const response = await fetchBlob(mediaOf((await send('GET', at)).body)[0]!.url)
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
    expect(response.headers.get('content-disposition')).toBe('attachment')
  })
})
