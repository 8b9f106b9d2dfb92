// Starts the chat in workerd: `npm start`, `npm start -- --port 9000`, `PORT=9000 npm start`.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const at = process.argv.indexOf('--port')
const port = (at > 0 ? process.argv[at + 1] : process.env.PORT) ?? '8787'
const wrangler = join(dirname(createRequire(import.meta.url).resolve('wrangler/package.json')), 'bin/wrangler.js')
const child = spawn(
  process.execPath,
  [
    wrangler,
    'dev',
    '--port',
    port,
    '--ip',
    '127.0.0.1',
    '--show-interactive-dev-session=false',
    ...process.argv.slice(2).filter((_, i) => at < 0 || (i + 2 !== at && i + 2 !== at + 1)),
  ],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: 'false', WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true' },
  },
)
let told = false
child.stdout.on('data', (data) => {
  process.stdout.write(data)
  if (!told && /Ready on/.test(String(data))) {
    told = true
    console.log(`\nEdgeSwarm chat: http://localhost:${port}\n`)
  }
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code) => process.exit(code ?? 0))
