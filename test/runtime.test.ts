import { expect, test } from 'vitest'

test('the runtime says which one it is and has the web platform that the kit stands on', () => {
  // the lanes read this: a lane named after a runtime must have run on it
  console.log(`runtime: ${'EdgeRuntime' in globalThis ? 'edge-light' : navigator.userAgent}`)
  for (const name of ['fetch', 'Request', 'ReadableStream', 'TextDecoderStream', 'AbortSignal', 'structuredClone', 'crypto', 'URL'])
    expect(globalThis, name).toHaveProperty(name)
})
