// Everything that a reader of the chat page can do, in Chromium, against the real workerd.
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { emptyState, type Event, fold, type Message, transcriptOf } from '../../src/index.ts'
import { launch, openWindow, type Window } from './chromium.ts'
import { type Coverage, scriptCoverage } from './coverage.ts'
import { root, serve, type Served } from '../workerd.ts'

let browser: Browser
let coverage: Coverage
/** The worker of examples/chat, and the one whose models say what a test needs. */
let chat: Served
let stage: Served
const windows: Window[] = []
/** Console errors that a test asks for. */
let expected: RegExp | undefined

beforeAll(async () => {
  ;[browser, coverage, chat, stage] = await Promise.all([
    launch(),
    scriptCoverage(),
    serve('examples/chat/worker.ts', { DEMO_PACE: '15' }),
    serve('test/browser/worker.ts'),
  ])
})
afterEach(async () => {
  for (const { errors, requests, close } of windows.splice(0)) {
    await close()
    expect(
      errors.filter((error) => !expected?.test(error)),
      'console errors',
    ).toEqual([])
    const origins = new Set(
      requests
        .map((address) => new URL(address))
        .map(({ origin, protocol }) => (protocol === 'blob:' || protocol === 'data:' ? protocol : origin)),
    )
    expect(
      [...origins].filter((origin) => ![chat.url, stage.url, 'blob:', 'data:'].includes(origin)),
      'requests elsewhere',
    ).toEqual([])
    expect(requests.length).toBeGreaterThan(0)
  }
  expected = undefined
})
afterAll(async () => {
  await browser?.close()
  await Promise.all([chat?.stop(), stage?.stop()])
  if (coverage) console.log(`size: page script: ${await coverage.write()} % of lines ran in Chromium`)
})

/** A window on one of the workers; `at` is `#agent` or an address. */
async function visit({ url }: Served, options: BrowserContextOptions & { agent?: string } = {}): Promise<Window> {
  const { agent, ...context } = options
  const window = await openWindow(browser, coverage, context)
  windows.push(window)
  await window.page.goto(url)
  if (agent) await window.page.getByRole('combobox', { name: 'Agent' }).selectOption(agent)
  await window.page.waitForFunction(() => location.hash.length > 1)
  return window
}

/** The machine may be busy: what must come has 15 s. */
const eventually = <T>(read: () => T | Promise<T>) => expect.poll(read, { timeout: 15_000 })

const field = (page: Page) => page.getByRole('textbox', { name: 'Message' })
const stopButton = (page: Page) => page.getByRole('button', { name: 'Stop' })
const log = (page: Page) => page.getByRole('log', { name: 'Conversation' })
const answers = (page: Page) => log(page).locator('article.assistant')
const said = (page: Page) => log(page).locator('article.user:not(.outgoing)')

async function say(page: Page, text: string): Promise<void> {
  await field(page).fill(text)
  await field(page).press('Enter')
}

/** Until nothing runs and the last word is the agent's. */
async function quiet(page: Page, timeout = 30_000): Promise<void> {
  await page.waitForFunction(
    () => !document.querySelector('#log[aria-busy]') && [...document.querySelectorAll('#log article')].at(-1)?.matches('.assistant'),
    undefined,
    { timeout },
  )
  await stopButton(page).waitFor({ state: 'hidden', timeout })
}

/** Says something and waits for the whole answer. */
async function ask(page: Page, text: string): Promise<void> {
  const before = await said(page).count()
  await say(page, text)
  await said(page).nth(before).waitFor({ timeout: 10_000 })
  await quiet(page)
}

/** The session's events as the journal has them. */
async function journal(page: Page): Promise<Event[]> {
  const [agent, session] = new URL(page.url()).hash.slice(1).split('/')
  const text = await (await fetch(`${new URL(page.url()).origin}/agents/${agent}/sessions/${session}/events?live=false`)).text()
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!) as Event)
}

async function transcript(page: Page): Promise<Message[]> {
  const state = emptyState()
  for (const event of await journal(page)) fold(state, event)
  return transcriptOf(state)
}

const words = (text: string): string => text.replace(/\s+/g, ' ').trim()
const textOf = (message: Message | undefined): string =>
  message?.parts.map((part) => (part.type === 'text' ? part.text : '')).join('') ?? ''

/** What the page shows of its answers is what the journal says, to the letter (signs apart: some are Markdown's). */
async function same(page: Page): Promise<void> {
  const letters = (text: string): string => text.replace(/[^\p{L}\p{N}]/gu, '')
  const shown = await answers(page).locator('.prose').allTextContents()
  const told = (await transcript(page)).filter(({ role }) => role === 'assistant').map(textOf)
  expect(told.length).toBeGreaterThan(0)
  expect(shown.map(letters)).toEqual(told.map(letters).filter(Boolean))
}

const shot = async (page: Page, name: string): Promise<void> => {
  if (!process.env.SCREENSHOTS) return
  await page.mouse.move(1240, 500)
  await page.waitForTimeout(200)
  await page.screenshot({ path: join(root, `docs/images/${name}.png`) })
}

describe('a conversation', () => {
  test('begins empty, streams its answer word by word, and is titled by its first message', async () => {
    const { page } = await visit(chat)
    await page.getByRole('heading', { name: 'What shall we do?' }).waitFor()
    await say(page, 'Tell me a long story')
    await answers(page).first().waitFor()
    const lengths: number[] = []
    for (let n = 0; n < 5; n++) {
      lengths.push((await answers(page).first().innerText()).length)
      await page.waitForTimeout(150)
    }
    expect(new Set(lengths).size).toBeGreaterThan(3)
    expect([...lengths].sort((a, b) => a - b)).toEqual(lengths)
    await page.getByRole('heading', { name: 'Tell me a long story' }).waitFor()
    expect(await page.title()).toBe('Tell me a long story')
    await stopButton(page).click()
    await quiet(page)
    await same(page)
  })

  test('shows a tool call with its input and its result', async () => {
    const { page } = await visit(chat)
    await ask(page, 'What is 12 * (3 + 4)?')
    const call = answers(page).locator('details', { hasText: 'calculator' })
    expect(await call.locator('summary').innerText()).toMatch(/calculator[^]*12 \* \(3 \+ 4\) → 84[^]*done/)
    await call.locator('summary').click()
    expect(await call.getByLabel('Input').innerText()).toContain('"expression": "12 * (3 + 4)"')
    expect(await call.getByLabel('Result').innerText()).toContain('"value": 84')
    // what is open stays open when more is said
    await ask(page, 'What is 1 + 1?')
    expect(await call.first().getAttribute('open')).toBe('')
  })

  test('shows how far a tool is, and arguments while they are written', async () => {
    const { page } = await visit(stage, { agent: 'patient' })
    await say(page, 'args')
    const card = answers(page).locator('details').first()
    await card.getByText('is being written').waitFor()
    await card.locator('summary').click()
    await eventually(() => card.getByLabel('Input').innerText()).toContain('"Lis')
    await card.getByText(/25 %|50 %|75 %/).waitFor()
    expect(Number(await card.getByRole('progressbar').getAttribute('value'))).toBeGreaterThan(0)
    await quiet(page)
    expect(await card.locator('summary').innerText()).toContain('done')
    expect(await card.getByLabel('Input').innerText()).toContain('"city": "Lisbon"')
    expect(await card.getByRole('progressbar').count()).toBe(0)
  })

  test('shows pictures and errors of tools, and folded thoughts', async () => {
    const { page } = await visit(stage, { agent: 'patient' })
    await ask(page, 'image')
    await answers(page).locator('summary').first().click()
    await answers(page).getByRole('img', { name: 'Attached image' }).waitFor()
    await ask(page, 'throw')
    expect(await answers(page).locator('details').nth(1).innerText()).toMatch(/throws[^]*tool failed[^]*failed/)
    expect(await log(page).innerText()).not.toContain('a secret')
    await say(page, 'think')
    await answers(page).getByText('Thinking …').waitFor()
    await quiet(page)
    await answers(page)
      .getByText(/Thought for [12] s/)
      .click()
    expect(await answers(page).last().innerText()).toContain('thought 7')
  })

  test('shows usage, of an answer and in all', async () => {
    const { page } = await visit(stage, { agent: 'many' })
    await ask(page, 'hello')
    expect(await answers(page).last().locator('.use').innerText()).toBe('scripted · 1,200 → 34 tokens')
    expect(await answers(page).last().locator('.use').getAttribute('title')).toBe('1,000 from cache')
    await ask(page, 'again')
    expect(await page.locator('#total').innerText()).toBe('2,468 tokens')
    expect(await answers(page).last().locator('time').getAttribute('datetime')).toMatch(/^20\d\d-/)
  })
})

describe('an approval', () => {
  test('is asked with its whole input, and granted', async () => {
    const { page } = await visit(chat)
    await say(page, 'Delete all my notes')
    const card = page.getByRole('group', { name: 'Allow delete_notes?' })
    await card.waitFor()
    expect(await card.getByLabel('Input').innerText()).toBe('{\n  "which": "all"\n}')
    expect(await page.title()).toMatch(/^● /)
    await shot(page, 'approval')
    await card.getByRole('button', { name: 'Allow' }).click()
    await card.waitFor({ state: 'hidden' })
    await quiet(page)
    expect(await answers(page).locator('summary').innerText()).toMatch(/delete_notes[^]*done/)
    expect(await answers(page).last().innerText()).toContain('"deleted":2')
    expect((await journal(page)).find(({ type }) => type === 'answer')).toMatchObject({ approve: true, by: 'anonymous' })
  })

  test('is refused', async () => {
    const { page } = await visit(chat)
    await say(page, 'Delete my notes')
    await page.getByRole('button', { name: 'Refuse' }).click()
    await page.getByRole('group', { name: 'Allow delete_notes?' }).waitFor({ state: 'hidden' })
    await quiet(page)
    expect(await answers(page).locator('summary').innerText()).toContain('refused')
    expect((await journal(page)).some(({ type }) => type === 'tool-start')).toBe(false)
  })

  test('survives a reload, and an answer in one window takes it away in the other', async () => {
    const first = await visit(chat)
    await say(first.page, 'Delete my notes')
    await first.page.getByRole('button', { name: 'Allow' }).waitFor()
    await first.page.reload()
    await first.page.getByRole('button', { name: 'Allow' }).waitFor()
    const second = await first.tab()
    await second.page.goto(first.page.url())
    await second.page.getByRole('button', { name: 'Allow' }).click()
    await first.page.getByRole('button', { name: 'Allow' }).waitFor({ state: 'hidden' })
    await eventually(() => answers(first.page).last().innerText()).toContain('deleted')
  })

  test('that has gone stale is said to be', async () => {
    expected = /409/
    const { page } = await visit(chat)
    await say(page, 'Delete my notes')
    await page.getByRole('button', { name: 'Allow' }).waitFor()
    // somebody else answers just before
    await page.route('**/pending/*', async (route) => {
      await fetch(route.request().url(), { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"approve":false}' })
      await route.continue()
    })
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.getByRole('alert').filter({ hasText: 'pending/stale' }).waitFor()
  })

  test('that a client’s tool waits for takes its output', async () => {
    const { page } = await visit(stage, { agent: 'patient' })
    await say(page, 'client')
    const card = page.getByRole('group', { name: 'ask waits for an answer' })
    await card.getByRole('textbox', { name: 'Output of ask' }).fill('{"age": 7}')
    await card.getByRole('button', { name: 'Send' }).click()
    await eventually(() => answers(page).last().innerText()).toContain('"age":7')
    await quiet(page)
  })
})

describe('an answer that is being given', () => {
  test('is stopped by the button, which is always in reach, and by Esc', async () => {
    const { page } = await visit(chat)
    for (const how of ['button', 'Esc']) {
      await say(page, 'Tell me a long story')
      await page.locator('article.growing').waitFor()
      await page.waitForTimeout(400)
      const started = Date.now()
      if (how === 'button') await stopButton(page).click()
      else await field(page).press('Escape')
      await stopButton(page).waitFor({ state: 'hidden' })
      expect(Date.now() - started).toBeLessThan(2000)
      await log(page).getByText('Stopped.').waitFor()
      expect((await journal(page)).findLast(({ type }) => type === 'finish')).toMatchObject({ reason: 'cancelled' })
    }
    await same(page)
  })

  test('is shown whole after a reload in the middle of it, and after workerd was killed', async () => {
    expected = /ERR_CONNECTION|ERR_INCOMPLETE|Failed to load/
    const { page } = await visit(chat)
    await say(page, 'Tell me a long story')
    await page.locator('article.growing').waitFor()
    await page.waitForTimeout(700)
    await page.reload()
    await page.locator('article.growing').waitFor()
    expect(words(await answers(page).first().innerText())).toMatch(/^Once there was a small worker/)
    await page.waitForTimeout(500)
    await chat.kill()
    await page.getByRole('alert').filter({ hasText: 'cannot be reached' }).waitFor()
    await chat.start()
    await page.getByRole('alert').filter({ hasText: 'cannot be reached' }).waitFor({ state: 'hidden', timeout: 20_000 })
    await page.locator('article.growing').waitFor()
    await quiet(page, 60_000)
    expect(await answers(page).count()).toBe(1)
    expect(words(await answers(page).first().locator('.prose').innerText())).toMatch(/^Once there was[^]*The end\. \(demo model\)$/)
    await same(page)
  })

  test('is seen live in a second window of the same browser and of another, and so is the next one', async () => {
    const first = await visit(chat)
    const second = await first.tab()
    await say(first.page, 'Tell me a long story')
    await first.page.locator('article.growing').waitFor()
    await second.page.goto(first.page.url())
    const third = await visit(chat)
    await third.page.goto(first.page.url())
    for (const { page } of [second, third]) await page.locator('article.growing').waitFor()
    await stopButton(third.page).click()
    for (const { page } of [first, second, third]) {
      await stopButton(page).waitFor({ state: 'hidden', timeout: 5000 })
      await log(page).getByText('Stopped.').waitFor()
      await same(page)
    }
    await say(third.page, 'What is 2 + 2?')
    for (const { page } of [first, second, third])
      await page.getByText('2 + 2 → 4').or(answers(page).getByText('"value":4')).first().waitFor({ timeout: 3000 })
    for (const { page } of [first, second, third]) await quiet(page)
    for (const { page } of [first, second, third]) await same(page)
  })

  test('takes what is added to it', async () => {
    const { page } = await visit(stage, { agent: 'patient' })
    await say(page, 'args')
    await stopButton(page).waitFor()
    await field(page).fill('and also this')
    await page.getByRole('button', { name: 'Add to the answer' }).click()
    await log(page).locator('.outgoing').waitFor()
    await quiet(page)
    expect((await transcript(page)).map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'user', 'assistant'])
    expect(await said(page).count()).toBe(2)
    expect(await log(page).locator('.outgoing').count()).toBe(0)
  })
})

describe('what was said', () => {
  test('is answered again by Regenerate, and replaced by an edit', async () => {
    const { page } = await visit(chat)
    await ask(page, 'What is 1 + 1?')
    await ask(page, 'What is 5 * 5?')
    await page.getByRole('button', { name: 'Regenerate' }).click()
    await page.locator('#log[aria-busy]').waitFor()
    await quiet(page)
    expect(await said(page).allInnerTexts()).toHaveLength(2)
    expect((await journal(page)).filter(({ type }) => type === 'rewind')).toHaveLength(1)
    await same(page)

    await said(page).first().hover()
    await said(page).first().getByRole('button', { name: 'Edit' }).click()
    expect(await field(page).inputValue()).toBe('What is 1 + 1?')
    await page.getByText('You are editing an earlier message').waitFor()
    await field(page).fill('What is 3 * 3?')
    await page.getByRole('button', { name: 'Send again' }).click()
    await page.locator('#log[aria-busy]').waitFor()
    await quiet(page)
    expect(await said(page).locator('.body').allInnerTexts()).toEqual(['What is 3 * 3?'])
    expect(await answers(page).last().innerText()).toContain('"value":9')
    await same(page)
    // and an edit that was thought better of leaves everything
    await field(page).press('ArrowUp')
    expect(await field(page).inputValue()).toBe('What is 3 * 3?')
    await page.getByRole('button', { name: 'Cancel' }).click()
    expect(await field(page).inputValue()).toBe('')
    await page.getByText('You are editing').waitFor({ state: 'hidden' })
  })

  test('is copied: a message, and a block of code', async () => {
    const { page } = await visit(chat)
    await ask(page, 'Show me markdown')
    await answers(page).getByRole('button', { name: 'Copy code' }).click()
    await answers(page).getByText('Copied').waitFor()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
      '// a comment, a string, a number\nconst answer: string = `six times seven is ${6 * 7}`',
    )
    await answers(page).getByRole('button', { name: 'Copy message' }).click()
    await eventually(() => page.evaluate(() => navigator.clipboard.readText())).toBe(textOf((await transcript(page))[1]))
  })

  test('may be a picture, which is made small enough to be kept', async () => {
    const { page } = await visit(chat)
    // noise does not compress: as a PNG of this size it has more bytes than may be sent
    const big = await page.evaluate(async () => {
      const canvas = new OffscreenCanvas(800, 600)
      const context = canvas.getContext('2d')!
      const data = context.createImageData(800, 600)
      for (let at = 0; at < data.data.length; at += 65536) crypto.getRandomValues(data.data.subarray(at, at + 65536))
      context.putImageData(data, 0, 0)
      const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())
      let text = ''
      for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192))
      return btoa(text)
    })
    const buffer = Buffer.from(big, 'base64')
    expect(buffer.length).toBeGreaterThan(1_400_000)
    await page.locator('#file').setInputFiles({ name: 'noise.png', mimeType: 'image/png', buffer })
    await page.getByRole('img', { name: 'noise.png' }).waitFor()
    await ask(page, 'What is this?')
    await said(page).getByRole('img', { name: 'noise.png' }).waitFor()
    const [message] = await transcript(page)
    const [part] = message!.parts
    // the journal has its address, the page its bytes
    expect(part).toMatchObject({ type: 'media', name: 'noise.png', ref: expect.stringMatching(/^[0-9a-f]{64}$/) })
    const stored = await fetch(`${chat.url}/${part?.type === 'media' && part.url}`)
    expect(stored.headers.get('content-type')).toBe('image/webp')
    expect((await stored.arrayBuffer()).byteLength).toBeLessThan(1_000_001)
    expect(
      await said(page)
        .getByRole('img')
        .evaluate((image) => (image as HTMLImageElement).naturalWidth),
    ).toBeGreaterThan(300)
    expect(await answers(page).innerText()).toContain('the demo model has no eyes')
    await page.reload()
    await said(page).getByRole('img', { name: 'noise.png' }).waitFor()
    // said again, it need not be sent again
    await page.getByRole('button', { name: 'Regenerate' }).click()
    await eventually(async () => (await journal(page)).filter(({ type }) => type === 'rewind').length).toBe(1)
    await quiet(page)
    await said(page).getByRole('img', { name: 'noise.png' }).waitFor()
    // what is no picture is refused in words
    await page.locator('#file').setInputFiles({ name: 'x.txt', mimeType: 'text/plain', buffer: Buffer.from('hi') })
    await page.getByRole('alert').filter({ hasText: 'x.txt is not an image' }).waitFor()
    await page.locator('#file').setInputFiles({ name: 'small.png', mimeType: 'image/png', buffer: dot })
    await page.getByRole('button', { name: 'Remove small.png' }).click()
    expect(await page.locator('#files img').count()).toBe(0)
  })

  test('is kept as a draft over a reload', async () => {
    const { page } = await visit(chat)
    await field(page).fill('half a thought')
    await page.reload()
    await eventually(() => field(page).inputValue()).toBe('half a thought')
  })
})

const dot = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64')

describe('the list of sessions', () => {
  test('shows titles, opens, renames and deletes', async () => {
    expected = /404/
    const { page } = await visit(stage, { agent: 'many' })
    const list = page.getByRole('navigation', { name: 'Sessions' })
    await ask(page, 'first of all')
    await page.getByRole('button', { name: 'New session' }).click()
    await ask(page, 'second to none')
    expect(await list.getByRole('listitem').allInnerTexts()).toEqual(['second to none', 'first of all'])
    await list.getByRole('button', { name: 'first of all', exact: true }).click()
    await said(page).getByText('first of all').waitFor()
    await page.goBack()
    await said(page).getByText('second to none').waitFor()
    // an address leads there also from a browser that has never seen it
    const elsewhere = await visit(stage)
    await elsewhere.page.goto(page.url())
    await said(elsewhere.page).getByText('second to none').waitFor()
    await elsewhere.page.getByRole('heading', { name: 'second to none' }).waitFor()

    await list.getByRole('listitem').first().hover()
    await list.getByRole('button', { name: 'Rename second to none' }).click()
    await list.getByRole('textbox', { name: 'New title of second to none' }).fill('a better name')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'a better name' }).waitFor()
    await list.getByRole('button', { name: 'a better name', exact: true }).waitFor()
    expect(await page.title()).toBe('a better name')
    // Esc leaves the name as it was
    await list.getByRole('listitem').first().hover()
    await list.getByRole('button', { name: 'Rename a better name' }).click()
    await page.keyboard.type('worse')
    await page.keyboard.press('Escape')
    await list.getByRole('button', { name: 'a better name', exact: true }).waitFor()

    const gone = page.url()
    await list.getByRole('listitem').first().hover()
    await list.getByRole('button', { name: 'Delete a better name' }).click()
    await page.getByRole('dialog', { name: 'Delete this session?' }).getByRole('button', { name: 'Keep it' }).click()
    expect(await list.getByRole('listitem').count()).toBe(2)
    await list.getByRole('listitem').first().hover()
    await list.getByRole('button', { name: 'Delete a better name' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await eventually(() => list.getByRole('listitem').count()).toBe(1)
    const [agent, id] = new URL(gone).hash.slice(1).split('/')
    expect((await fetch(`${stage.url}/agents/${agent}/sessions/${id}`)).status).toBe(404)
    // its address leads to an empty session, not to an error
    await page.goto(gone)
    await page.getByRole('heading', { name: 'What shall we do?' }).waitFor()
  })

  test('does not believe what else lies in the storage', async () => {
    const window = await visit(chat)
    for (const junk of ['{', '[1,null,{"id":"../x","agent":"assistant","title":"t","at":1}]', '{"a":1}']) {
      await window.page.evaluate((junk) => localStorage.setItem('edgeswarm', junk), junk)
      await window.page.goto('about:blank')
      await window.page.goto(chat.url)
      await window.page.getByRole('heading', { name: 'What shall we do?' }).waitFor()
    }
  })

  test('says so when the session that is open was deleted elsewhere', async () => {
    expected = /404/
    const { page } = await visit(stage, { agent: 'many' })
    await ask(page, 'hello')
    const [agent, id] = new URL(page.url()).hash.slice(1).split('/')
    await fetch(`${stage.url}/agents/${agent}/sessions/${id}`, { method: 'DELETE' })
    await page.getByRole('alert').filter({ hasText: 'This session was deleted.' }).waitFor()
  })
})

describe('when something goes wrong', () => {
  test('an error is shown with its code and can be tried again', async () => {
    const { page } = await visit(chat)
    await say(page, 'Show me an error')
    const alert = page.getByRole('alert').filter({ hasText: 'model/overloaded' })
    await alert.waitFor()
    await stopButton(page).waitFor({ state: 'hidden' })
    await shot(page, 'error')
    await alert.getByRole('button', { name: 'Try again' }).click()
    await eventually(async () => (await journal(page)).filter(({ type }) => type === 'error').length).toBe(2)
    await alert.waitFor()
    expect(await said(page).count()).toBe(1)
  })

  test('what could not be sent is still in the field, and is sent once', async () => {
    expected = /ERR_FAILED|Failed to load/
    const { page } = await visit(chat)
    const keys: (string | undefined)[] = []
    // the first time the answer is lost on its way back: the run has begun all the same
    await page.route('**/runs', async (route) => {
      keys.push(route.request().headers()['idempotency-key'])
      if (keys.length > 1) return route.continue()
      await route.fetch()
      return route.abort()
    })
    await say(page, 'What is 6 * 7?')
    await page.getByRole('alert').filter({ hasText: 'What you wrote is still here' }).waitFor()
    expect(await field(page).inputValue()).toBe('What is 6 * 7?')
    await field(page).press('Enter')
    await quiet(page)
    expect(keys).toHaveLength(2)
    expect(keys[0]).toBe(keys[1])
    expect((await transcript(page)).filter(({ role }) => role === 'user')).toHaveLength(1)
  })

  test('a session that is busy is said to be', async () => {
    expected = /409/
    const { page } = await visit(chat)
    await page.route('**/runs', (route) =>
      route.fulfill({ status: 409, contentType: 'application/problem+json', body: '{"code":"session/busy","detail":"a run is running"}' }),
    )
    await say(page, 'What is 6 * 7?')
    await page.getByRole('alert').filter({ hasText: 'session/busy' }).waitFor()
    expect(await field(page).inputValue()).toBe('What is 6 * 7?')
  })

  test('a service that does not answer at all is said to be so', async () => {
    expected = /ERR_FAILED|Failed to load|503/
    const { page } = await visit(chat)
    await page.route('**/agents', (route) => route.fulfill({ status: 503, body: 'no' }))
    await page.reload()
    await page.getByRole('alert').filter({ hasText: 'That did not work. 503' }).waitFor()
    await page.unroute('**/agents')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('heading', { name: 'What shall we do?' }).waitFor()
  })
})

describe('hostile output', () => {
  test('runs nothing, loads nothing, and links only where it says', async () => {
    const { page, requests } = await visit(stage, { agent: 'hostile' })
    await ask(page, 'attack')
    expect(await page.title()).toBe('attack')
    const body = answers(page).first()
    expect(await body.locator('img, script, iframe, style, svg:not([aria-hidden]), link').count()).toBe(0)
    const links = await body.locator('a').evaluateAll((found) =>
      found.map((a) => ({
        href: a.getAttribute('href'),
        text: a.textContent,
        rel: a.getAttribute('rel'),
        target: a.getAttribute('target'),
      })),
    )
    expect(links.length).toBeGreaterThan(4)
    for (const { href, text, rel, target } of links) {
      expect(href).toMatch(/^https:\/\/(leak|evil)\.example\//)
      expect(text).toContain(new URL(href!).host)
      expect([rel, target]).toEqual(['noopener noreferrer', '_blank'])
    }
    expect(links.find(({ href }) => href === 'https://evil.example/login')!.text).toBe('https://bank.example(evil.example)')
    expect(await body.innerText()).toContain("[click me](javascript:document.title='owned')")
    expect(requests.filter((address) => address.includes('example'))).toEqual([])
  })

  test('in an approval is shown with every hidden character', async () => {
    const { page } = await visit(stage, { agent: 'hostile' })
    await say(page, 'pay')
    const card = page.getByRole('group', { name: 'Allow pay?' })
    const shown = await card.getByLabel('Input').innerText()
    expect(shown).toContain('alice⟨U+202E⟩kcollam')
    expect(shown).toContain('zero⟨U+200B⟩width\\u0007⟨U+3164⟩ <b>bold</b>')
    expect(await card.locator('b').count()).toBe(0)
    await card.getByRole('button', { name: 'Refuse' }).click()
    await quiet(page)
  })

  test('in sources and notices is text, and only web addresses are links', async () => {
    const { page } = await visit(stage, { agent: 'hostile' })
    await ask(page, 'sources')
    const sources = answers(page).getByRole('region', { name: 'Sources' })
    expect(await sources.getByRole('listitem').allInnerTexts()).toEqual(['bad', expect.stringMatching(/^good ?\(good\.example\)$/)])
    expect(await sources.locator('a').count()).toBe(1)
    const text = await answers(page).innerText()
    expect(text).toContain('a notice <b>plain</b>')
    expect(text).toContain('Answered by small: the big one is full')
  })

  test('meets a policy that allows nothing but the page itself', async () => {
    const { headers } = await fetch(stage.url)
    const policy = headers.get('content-security-policy')!
    for (const rule of ["default-src 'none'", "connect-src 'self'", "form-action 'none'", "frame-ancestors 'none'", "base-uri 'none'"])
      expect(policy.split('; ')).toContain(rule)
    expect(policy).toMatch(/script-src 'sha256-[^']+'; style-src 'sha256-[^']+'/)
    expect(policy).not.toContain('unsafe')
    // and the policy is alive: what it forbids is refused and heard of
    const { page, errors, requests } = await visit(stage)
    await page.evaluate(() => {
      const image = new Image()
      image.src = 'https://leak.example/pixel'
      document.body.append(image)
      document.body.setAttribute('onclick', 'document.title = "owned"')
    })
    await eventually(() => errors.filter((error) => /policy/i.test(error)).length).toBeGreaterThan(1)
    expected = /policy/i
    // the browser tells of what it then refused to ask for
    expect(requests.splice(requests.indexOf('https://leak.example/pixel'))).toEqual(['https://leak.example/pixel'])
  })
})

describe('whoever uses it', () => {
  test('can do everything by keyboard', async () => {
    const { page } = await visit(chat)
    const focused = (): Promise<string> =>
      page.evaluate(
        () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent?.trim().slice(0, 60) ?? '',
      )
    expect(await focused()).toBe('Message')
    await page.keyboard.type('one')
    await page.keyboard.press('Shift+Enter')
    await page.keyboard.type('Delete my notes')
    expect(await field(page).inputValue()).toBe('one\nDelete my notes')
    await page.keyboard.press('Enter')
    await page.getByRole('group', { name: 'Allow delete_notes?' }).waitFor()
    // the card is focused, and none of its buttons: a stray Enter allows nothing
    await eventually(() => page.evaluate(() => document.activeElement?.className)).toBe('ask')
    await page.keyboard.press('Enter')
    expect(await page.getByRole('button', { name: 'Allow' }).count()).toBe(1)
    for (const name of ['Input', 'Allow', 'Refuse']) {
      await page.keyboard.press('Tab')
      expect(await focused()).toBe(name)
    }
    await page.keyboard.press('Enter')
    await quiet(page)
    expect(await focused()).toBe('Message')
    // backwards: buttons of the composer, the log, and the sessions
    const seen = new Set<string>()
    for (let n = 0; n < 40; n++) {
      await page.keyboard.press('Shift+Tab')
      seen.add(await focused())
    }
    for (const name of [
      'Conversation',
      'New session',
      'To the message field',
      'Copy message',
      'Regenerate',
      'Edit',
      'Rename one Delete my notes',
    ])
      expect([...seen]).toContain(name)
    await page.getByRole('button', { name: 'To the message field' }).focus()
    await page.keyboard.press('Enter')
    expect(await focused()).toBe('Message')
  })

  test('hears what happens once and whole, not word by word', async () => {
    const { page } = await visit(chat)
    expect(await log(page).getAttribute('aria-live')).toBe('off')
    const spoken = await page.evaluateHandle(() => {
      const heard: string[] = []
      new MutationObserver(() => heard.push(document.getElementById('status')!.textContent)).observe(document.getElementById('status')!, {
        childList: true,
        characterData: true,
        subtree: true,
      })
      return heard
    })
    await say(page, 'Think about it')
    await page.locator('#log[aria-busy]').waitFor()
    await quiet(page)
    const heard = await spoken.jsonValue()
    expect(heard).toEqual(['assistant is answering', 'I have thought about it, and it comes out as a rule. (demo model)'])
    expect(await page.getByRole('article', { name: 'You' }).count()).toBe(1)
    expect(await page.getByRole('article', { name: 'assistant' }).count()).toBe(1)
    // everything that can be pressed has a name
    const nameless = await page
      .locator('button')
      .evaluateAll((all) => all.filter((one) => !(one.getAttribute('aria-label') ?? one.textContent).trim()).map((one) => one.outerHTML))
    expect(nameless).toEqual([])
  })

  test('on a phone sees nothing cut off, and opens the sessions over the page', async () => {
    const { page } = await visit(stage, { agent: 'many', viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
    const wide = (): Promise<string[]> =>
      page.evaluate(() =>
        [...document.querySelectorAll('body *')]
          .filter(
            (node) =>
              node.getBoundingClientRect().right > innerWidth + 1 &&
              !node.closest('pre, .table, nav') &&
              getComputedStyle(node).position !== 'fixed',
          )
          .map((node) => `${node.tagName}.${node.className}`),
      )
    expect(await wide()).toEqual([])
    await say(page, 'code')
    // on a touch keyboard Enter breaks the line
    await page.getByRole('button', { name: 'Send' }).tap()
    await page.locator('#log[aria-busy]').waitFor()
    await quiet(page)
    expect(await wide()).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
    // long code scrolls in itself
    expect(await page.locator('.code pre').evaluate((pre) => pre.scrollWidth > pre.clientWidth)).toBe(true)
    await page.getByRole('button', { name: 'Sessions' }).tap()
    const list = page.getByRole('navigation', { name: 'Sessions' })
    await list.getByRole('button', { name: 'New session' }).waitFor()
    expect(await page.locator('main').evaluate((main) => (main as HTMLElement).inert)).toBe(true)
    await page.keyboard.press('Escape')
    await list.waitFor({ state: 'hidden' })
    expect(await page.locator('main').evaluate((main) => (main as HTMLElement).inert)).toBe(false)
  })

  test('in the dark sees a dark page, with text that can be read in both', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await visit(chat, { colorScheme })
      await ask(page, 'What time is it?')
      const contrasts = await page.evaluate(() => {
        const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })!
        const light = (color: string): number => {
          canvas.fillStyle = color
          canvas.fillRect(0, 0, 1, 1)
          const [r = 0, g = 0, b = 0] = [...canvas.getImageData(0, 0, 1, 1).data].map((byte) => {
            const part = byte / 255
            return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
          })
          return 0.2126 * r + 0.7152 * g + 0.0722 * b
        }
        const ground = (node: Element | null): string => {
          const color = node ? getComputedStyle(node).backgroundColor : 'white'
          return color === 'rgba(0, 0, 0, 0)' ? ground(node!.parentElement) : color
        }
        return [
          'body',
          '#title',
          '#model',
          '#hint',
          '.user p',
          '.assistant .prose p',
          '.assistant footer',
          'summary .brief',
          'nav p',
          'nav li button',
        ].map((name) => {
          const node = document.querySelector(name)!
          const [a, b] = [light(getComputedStyle(node).color), light(ground(node))].sort((x, y) => y - x)
          return { name, ratio: (a! + 0.05) / (b! + 0.05), dark: light(ground(document.body)) < 0.2 }
        })
      })
      for (const { name, ratio, dark } of contrasts) {
        expect(ratio, `${name} in ${colorScheme}`).toBeGreaterThan(4.5)
        expect(dark).toBe(colorScheme === 'dark')
      }
    }
  })

  test('who wants no motion gets none', async () => {
    const { page } = await visit(chat, { reducedMotion: 'reduce' })
    await say(page, 'Tell me a long story')
    await page.locator('article.growing').waitFor()
    const moving = (): Promise<number> => page.evaluate(() => document.getAnimations().length)
    expect(await moving()).toBe(0)
    await page.emulateMedia({ reducedMotion: 'no-preference' })
    await eventually(moving).toBeGreaterThan(0)
  })

  test('who scrolled up to read stays there while the answer grows, and comes back by one button', async () => {
    const { page } = await visit(stage, { agent: 'many', viewport: { width: 900, height: 500 } })
    await ask(page, '400 deltas')
    const top = (): Promise<number> => log(page).evaluate((node) => Math.round(node.scrollTop))
    const left = (): Promise<number> => log(page).evaluate((node) => Math.round(node.scrollHeight - node.scrollTop - node.clientHeight))
    expect(await left()).toBeLessThan(5)
    await say(page, '1000 deltas')
    await page.locator('article.growing').waitFor()
    expect(await left()).toBeLessThan(60)
    await log(page).hover()
    await page.mouse.wheel(0, -300)
    await page.waitForTimeout(300)
    const before = await top()
    await page.waitForTimeout(500)
    expect(Math.abs((await top()) - before)).toBeLessThan(3)
    expect(await left()).toBeGreaterThan(100)
    await quiet(page)
    await page.getByRole('button', { name: 'To the newest message' }).click()
    expect(await left()).toBeLessThan(5)
  })
})

describe('what it costs', () => {
  test('a hidden window with a quiet session asks for nothing, a visible one looks every 1.5 s', async () => {
    const { page, requests } = await visit(stage, { agent: 'many' })
    // the stream of a turn stays open for 30 s: a window that comes later finds the session quiet
    await ask(page, 'hello')
    const address = page.url()
    const hide = (hidden: boolean): Promise<void> =>
      page.evaluate((hidden) => {
        Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })
        document.dispatchEvent(new Event('visibilitychange'))
      }, hidden)
    // its replay ends at once, and from then on it is asked at the head
    await page.route('**/events?*', (route) => {
      const url = new URL(route.request().url())
      if (url.searchParams.get('after') === '0') url.searchParams.set('live', 'false')
      return route.continue({ url: url.href })
    })
    await page.goto('about:blank')
    await page.goto(address)
    await answers(page).first().waitFor()
    const asked = async (ms: number): Promise<number> => {
      const from = requests.length
      await page.waitForTimeout(ms)
      return requests.slice(from).filter((one) => one.includes('/events')).length
    }
    await page.waitForTimeout(2000)
    const seen = await asked(5000)
    expect(seen).toBeGreaterThanOrEqual(2)
    expect(seen).toBeLessThanOrEqual(4)
    await hide(true)
    await page.waitForTimeout(1600)
    expect(await asked(4000)).toBe(0)
    await hide(false)
    expect(await asked(1000)).toBeGreaterThanOrEqual(1)
  })

  test('1,000 deltas after 200 messages are drawn in frames that take a part of a frame’s time', async () => {
    const { page } = await visit(stage, { agent: 'many' })
    await ask(page, 'hello')
    const [agent, session] = new URL(page.url()).hash.slice(1).split('/')
    for (let n = 0; n < 99; n++) {
      await fetch(`${stage.url}/agents/${agent}/sessions/${session}/runs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ input: `message ${n}` }),
      }).then((response) => response.json())
    }
    await eventually(() => log(page).locator('article').count()).toBe(200)
    const client = await page.context().newCDPSession(page)
    await client.send('Performance.enable')
    const metrics = async (): Promise<Record<string, number>> =>
      Object.fromEntries((await client.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]))
    const frames = await page.evaluateHandle(() => {
      const count = { frames: 0, long: 0, mutated: new Set<Node>() }
      const tick = (): void => {
        count.frames++
        requestAnimationFrame(tick)
      }
      requestAnimationFrame(tick)
      new PerformanceObserver((list) => (count.long += list.getEntries().length)).observe({ type: 'longtask' })
      new MutationObserver((changes) => {
        for (const { target } of changes) {
          const article = (target instanceof Element ? target : target.parentElement)?.closest('article')
          if (article) count.mutated.add(article)
        }
      }).observe(document.getElementById('log')!, { subtree: true, childList: true, characterData: true })
      return count
    })
    await say(page, '1000 deltas')
    await page.locator('article.growing').waitFor()
    const [before, framesBefore] = [await metrics(), await frames.evaluate(({ frames }) => frames)]
    await page.locator('article.growing').waitFor({ state: 'detached', timeout: 60_000 })
    const [after, count] = [
      await metrics(),
      await frames.evaluate(({ frames, long, mutated }) => ({ frames, long, mutated: mutated.size })),
    ]
    const drawn = count.frames - framesBefore
    const ms = (name: string): number => ((after[name]! - before[name]!) * 1000) / drawn
    const all = ms('TaskDuration')
    console.log(
      `data: page: ${drawn} frames, ${all.toFixed(2)} ms of the main thread each (script ${ms('ScriptDuration').toFixed(2)}, layout ${ms('LayoutDuration').toFixed(2)}, style ${ms('RecalcStyleDuration').toFixed(2)}), ${count.long} long tasks`,
    )
    expect(drawn).toBeGreaterThan(10)
    // of the 16.7 ms of a frame at 60 Hz; a page that drew everything anew took 24 ms here
    expect(ms('ScriptDuration') + ms('LayoutDuration') + ms('RecalcStyleDuration')).toBeLessThan(8)
    // the 200 messages before it were not touched, but for buttons of the last answer and question
    expect(count.mutated).toBeLessThanOrEqual(4)
    await quiet(page)
    await same(page)
  })
})

// not skipped but absent: a lane in CI has no skips
if (process.env.SCREENSHOTS)
  describe('pictures for the documentation', () => {
    test('desktop, phone, dark', async () => {
      const { page } = await visit(chat, { viewport: { width: 1280, height: 900 } })
      for (const text of ['Hello, what are you?', 'What time is it in Lisbon?', 'Think about the edge']) {
        await ask(page, text)
        await page.getByRole('button', { name: 'New session' }).click()
      }
      await ask(page, 'Show me markdown')
      await ask(page, 'Work out 12 * (3 + 4)')
      await field(page).focus()
      await shot(page, 'desktop')
      const dark = await visit(chat, { colorScheme: 'dark' })
      await ask(dark.page, 'Think about it')
      await ask(dark.page, 'What time is it, and how is the app?')
      await say(dark.page, 'Tell me a long story')
      await eventually(async () => (await answers(dark.page).last().innerText()).length).toBeGreaterThan(400)
      await shot(dark.page, 'dark')
      const phone = await visit(chat, { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true })
      await field(phone.page).fill('What is 6 * 7?')
      await phone.page.getByRole('button', { name: 'Send' }).tap()
      await quiet(phone.page)
      await field(phone.page).fill('Count down from 20')
      await phone.page.getByRole('button', { name: 'Send' }).tap()
      await answers(phone.page).getByText('12 s left').waitFor()
      await shot(phone.page, 'phone')
    })
  })
