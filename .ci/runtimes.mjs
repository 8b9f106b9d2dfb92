// Deno and Bun: 300 MB together, so they are not in node_modules; npx keeps them in its cache.
import { spawnSync } from 'node:child_process'

const tell = {
  deno: { version: '2.9.6', args: ['eval', 'console.log(Deno.execPath())'] },
  bun: { version: '1.4.5', args: ['-e', 'console.log(process.execPath)'] },
}
const found = {}

/** The path of the runtime's own binary (a child of npx would outlive its parent's end), or undefined where npx cannot get it. */
export function runtime(name) {
  if (name in found) return found[name]
  const { version, args } = tell[name]
  const { status, stdout } = spawnSync('npx', ['-y', `${name}@${version}`, ...args], { encoding: 'utf8', timeout: 300_000 })
  return (found[name] = status === 0 ? stdout.trim().split('\n').at(-1) : undefined)
}

/** What to say where it is missing. */
export const missingRuntime = (name) => (runtime(name) ? undefined : `${name} ${tell[name].version} (npx -y ${name}@${tell[name].version})`)
