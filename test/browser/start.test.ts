// The first of the two commands, as a newcomer types it.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort, root, up } from '../workerd.ts'

test('npm start serves the chat in workerd and prints where', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'edgeswarm-start-'))
  const port = await freePort()
  // a group of its own: npm, wrangler and workerd end together
  const child = spawn('npm', ['start', '--', '--port', String(port), '--persist-to', dir], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  try {
    let printed = ''
    const told = new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (data) => {
        printed += String(data)
        if (printed.includes(`EdgeSwarm chat: http://localhost:${port}\n`)) resolve()
      })
      child.stderr.on('data', (data) => (printed += String(data)))
      child.once('exit', () => reject(new Error(printed)))
    })
    await told
    const url = `http://localhost:${port}`
    await up(url)
    const page = await fetch(url)
    expect(page.headers.get('content-type')).toContain('text/html')
    expect(await page.text()).toContain('<title>EdgeSwarm</title>')
    const run = await fetch(`${url}/agents/assistant/sessions/start/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input: 'What is 12 * (3 + 4)?' }),
    })
    const { text, finish } = (await run.json()) as { text: string; finish: string }
    expect(finish).toBe('stop')
    expect(text).toContain('84')
    expect(text).toContain('demo model')
  } finally {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    process.kill(-child.pid!, 'SIGTERM')
    await gone
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  }
})
