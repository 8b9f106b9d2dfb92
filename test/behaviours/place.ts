import type { ConformanceOptions } from '../../src/testing/conformance.ts'

/** Real HTTP where something can listen (Node, Deno, Bun); elsewhere nothing, and requests are handed over by `fetch`. */
export async function placeToListen(): Promise<(ConformanceOptions & { close(): Promise<void> }) | undefined> {
  if ('EdgeRuntime' in globalThis || navigator.userAgent === 'Cloudflare-Workers') return undefined
  // no literal: where nothing can listen, the bundler must not look at the file
  const file = './loopback.ts'
  const { loopback } = (await import(/* @vite-ignore */ file)) as typeof import('./loopback.ts')
  return loopback()
}
