import { describe, expect, test } from 'vitest'
import { agent, type Event, run, stream, tool } from '../src/index.ts'
import { demo } from '../src/providers/demo.ts'

const named = (name: string): ReturnType<typeof tool> => tool({ name, run: (input) => ({ ran: name, input }) })
const broken = tool({
  name: 'calculator',
  run: () => {
    throw new Error('no')
  },
})
const tools = ['time', 'calculator', 'health', 'delete_notes'].map(named)
const helper = agent({ name: 'helper', model: demo({ pace: 0 }), tools })

describe('the demo model', () => {
  test.each([
    ['what time is it?', ['time'], 'time'],
    ['12 * (3 + 4)', ['calculator'], '"expression":"12 * (3 + 4)"'],
    ['how is the app, and what time is it?', ['time', 'health'], 'several tools at once'],
    ['delete all my notes', ['delete_notes'], '"which":"all"'],
  ])('answers “%s” by the tools %j', async (input, names, says) => {
    const { messages } = await run(helper, input)
    const calls = messages.flatMap(({ parts }) => parts).filter((part) => part.type === 'call')
    expect(calls.map(({ name }) => name)).toEqual(names)
    expect(JSON.stringify(messages).replaceAll('\\"', '"')).toContain(says)
  })

  test('says that it is one, sees no pictures, and tells what a tool did not do', async () => {
    const plain = agent({ name: 'plain', model: demo({ pace: 0 }), tools: [broken] })
    expect((await run(plain, 'hello')).text).toContain('no key is set')
    expect((await run(plain, 'what time is it?')).text).toContain('demo model')
    expect((await run(plain, [{ type: 'media', mime: 'image/png', data: 'AAAA' }])).text).toContain('cannot see')
    expect((await run(plain, '1 + 1')).text).toContain('did not do it')
    expect((await run(plain, 'show me markdown')).text).toContain('## What')
    expect((await run(plain, 'tell me a long story')).usage.output).toBeGreaterThan(300)
  })

  test('can be stopped in the middle of its story', async () => {
    const abort = new AbortController()
    const events: Event[] = []
    const slow = agent({ name: 'slow', model: demo({ pace: 5 }) })
    for await (const event of stream(slow, 'tell me a long story', { signal: abort.signal })) {
      events.push(event)
      if (events.length === 8) abort.abort()
    }
    expect(events.at(-1)).toMatchObject({ type: 'finish', reason: 'cancelled' })
    expect(events.length).toBeLessThan(30)
  })
})
