// The client and its React hook in Chromium: several windows on one session, one of which loses its network, is reloaded, goes back.
import { join } from 'node:path'
import { build } from 'esbuild'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { serve, type Serving, sockets } from '../../adapters/node/index.ts'
import { app, bearer, localHost } from '../../src/http/app.ts'
import { agent, type Chunk, model, textOf, tool } from '../../src/index.ts'
import { launch } from './chromium.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** `slow N` says N words; `guarded` asks for an approval; the rest is said back. */
const parrot = model({ id: 'parrot', provider: 'test' }, async function* ({ messages, signal }): AsyncGenerator<Chunk> {
  const last = messages.at(-1)!
  const asked = textOf(last)
  if (asked === 'guarded') yield { type: 'part', part: { type: 'call', id: 'c', name: 'guarded', input: {} } }
  else if (asked.startsWith('slow'))
    for (let n = 0; n < Number(asked.slice(5)) && !signal?.aborted; n++) {
      yield { type: 'text', delta: `${n} ` }
      await sleep(20)
    }
  else yield { type: 'text', delta: last.role === 'tool' ? 'done' : `you said ${asked}` }
  yield { type: 'finish', reason: asked === 'guarded' ? 'tools' : 'stop' }
})
const guarded = tool({ name: 'guarded', approval: true, run: () => 'guarded ran' })

let browser: Browser
let serving: Serving
let url = ''
const contexts: BrowserContext[] = []

beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'client/page.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    define: { 'process.env.NODE_ENV': '"development"' },
  })
  const html = `<!doctype html><meta charset="utf-8"><title>hook</title><body><script type="module">${outputFiles[0]!.text.replaceAll('</script', '<\\/script')}</script>`
  const own = sockets(new WebSocketServer({ noServer: true }))
  const web = app({
    agents: { parrot: agent({ name: 'parrot', model: parrot, tools: [guarded] }) },
    auth: bearer({ ann: { id: 'ann' }, bob: { id: 'bob' } }),
    host: localHost({ socket: own.socket }),
    page: () => new Response(html, { headers: { 'content-type': 'text/html' } }),
  })
  ;[browser, serving] = await Promise.all([launch(), serve(web, { port: 0, sockets: own })])
  url = `http://localhost:${serving.port}`
})
afterAll(async () => {
  await browser?.close()
  await serving?.close(100)
})

async function visit(query: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options)
  contexts.push(context)
  const page = await context.newPage()
  await page.goto(`${url}/?${query}`)
  return page
}
const say = async (page: Page, text: string): Promise<void> => {
  await page.getByRole('textbox').fill(text)
  await page.getByRole('textbox').press('Enter')
}
const said = (page: Page): Promise<string[]> => page.locator('ol li').allTextContents()
const status = (page: Page, is: string): Promise<unknown> =>
  page.waitForFunction((is) => document.querySelector('#status')?.textContent === is, is)
const counted = (to: number): string => Array.from({ length: to }, (_, n) => `${n} `).join('')

test.each(['auto', 'sse'])(
  'by %s: one session in three windows; one goes offline in an answer, one is reloaded, one approves',
  async (carrier) => {
    const query = `session=three-${carrier}&carrier=${carrier}`
    const [desk, other, phone] = await Promise.all([
      visit(query),
      visit(query),
      visit(query, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }),
    ])
    await status(desk, 'new')
    await say(desk, 'slow 100')
    for (const page of [desk, other, phone]) await page.locator('ol li', { hasText: '0 1 2' }).waitFor()

    await phone.context().setOffline(true)
    await other.reload()
    await sleep(300)
    await say(phone, 'from the tunnel')
    await phone.locator('ul li', { hasText: 'from the tunnel' }).waitFor()
    await Promise.all([status(desk, 'live'), status(other, 'live')])
    await phone.context().setOffline(false)
    for (const page of [desk, other, phone]) {
      await page.locator('ol li', { hasText: 'you said from the tunnel' }).waitFor()
      await status(page, 'live')
      expect(await said(page)).toEqual(['slow 100', counted(100), 'from the tunnel', 'you said from the tunnel'])
    }
    expect(await phone.locator('ul li').count()).toBe(0)

    await say(desk, 'guarded')
    await phone.getByRole('button', { name: 'Allow' }).tap()
    for (const page of [desk, other, phone]) {
      await page.locator('ol li', { hasText: 'done' }).waitFor()
      expect(await page.getByRole('button', { name: 'Allow' }).count()).toBe(0)
    }
  },
)

test('a message that was sent without a network survives a reload and arrives once', async () => {
  const page = await visit('session=reload')
  await say(page, 'hi')
  await page.locator('ol li', { hasText: 'you said hi' }).waitFor()
  // the service is away, the page can still be had: from the browser's own memory
  await page.route('**/agents/**', (route) => route.abort())
  await page.routeWebSocket('**/socket', (socket) => socket.close())
  await page.reload()
  await say(page, 'kept')
  await page.locator('ul li', { hasText: 'kept' }).waitFor()
  await page.unrouteAll()
  await page.reload()
  await page.locator('ol li', { hasText: 'you said kept' }).waitFor()
  expect(await said(page)).toEqual(['hi', 'you said hi', 'kept', 'you said kept'])
})

test('somebody else’s session is refused, and says so', async () => {
  const ann = await visit('session=hers')
  await say(ann, 'hi')
  await ann.locator('ol li', { hasText: 'you said hi' }).waitFor()
  const bob = await visit('session=hers&as=bob')
  await say(bob, 'let me in')
  await bob.locator('output', { hasText: 'session/unknown' }).waitFor()
  expect(await said(bob)).toEqual([])
})

test('a token that a later render gives counts from then on', async () => {
  const page = await visit('session=login&login=nobody')
  await status(page, 'refused')
  await page.getByRole('button', { name: 'Log in' }).click()
  await say(page, 'hi')
  await page.locator('ol li', { hasText: 'you said hi' }).waitFor()
})

test('a page that was left comes back as it was, and goes on', async () => {
  const page = await visit('session=back')
  await say(page, 'slow 60')
  await page.locator('ol li', { hasText: '0 1 2' }).waitFor()
  await page.goto(`${url}/health`)
  await sleep(200)
  await page.goBack()
  await page.locator('ol li', { hasText: '58 59' }).waitFor()
  expect(await said(page)).toEqual(['slow 60', counted(60)])
})
