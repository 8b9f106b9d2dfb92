import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { Coverage } from './coverage.ts'

/** Debian's Chromium with an empty profile and nothing that calls home. */
export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync)!,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })

/** A window, and what must not happen in any. */
export interface Window {
  page: Page
  /** Console errors, uncaught errors and violations of the policy. */
  errors: string[]
  /** Addresses asked for. */
  requests: string[]
  /** Another tab of the same profile. */
  tab(): Promise<Window>
  close(): Promise<void>
}

export async function openWindow(browser: Browser, coverage: Coverage, options: BrowserContextOptions = {}): Promise<Window> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', ...options })
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      console.error(`policy violated: ${violatedDirective} ${blockedURI}`),
    )
  })
  const errors: string[] = []
  const requests: string[] = []
  const pages: Page[] = []
  context.on('request', (request) => requests.push(request.url()))
  const tab = async (): Promise<Window> => {
    const page = await context.newPage()
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text())
    })
    page.on('pageerror', (error) => errors.push(String(error)))
    await coverage.start(page)
    pages.push(page)
    return {
      page,
      errors,
      requests,
      tab,
      async close() {
        for (const page of pages) await coverage.stop(page)
        await context.close()
      },
    }
  }
  return tab()
}
