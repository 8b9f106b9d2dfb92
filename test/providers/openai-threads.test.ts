import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { collect, user } from '../../src/index.ts'
import { importThread } from '../../src/providers/openai-threads.ts'
import { openai } from '../../src/providers/openai.ts'
import { serving } from './served.ts'

const text = (value: string, annotations: unknown[] = []): unknown => ({ type: 'text', text: { value, annotations } })
const citation = {
  type: 'file_citation',
  text: '【4:0†a.pdf】',
  start_index: 3,
  end_index: 14,
  file_citation: { file_id: 'file-1', quote: 'q' },
}
const thread = {
  object: 'list',
  has_more: false,
  data: [
    {
      id: 'm2',
      created_at: 2,
      role: 'assistant',
      run_id: 'run_1',
      content: [text('So 【4:0†a.pdf】', [citation]), { type: 'image_file', image_file: { file_id: 'file-2' } }],
    },
    {
      id: 'm1',
      created_at: 1,
      role: 'user',
      content: [text('What?'), { type: 'image_url', image_url: { url: 'https://i.example/1', detail: 'low' } }],
      attachments: [{ file_id: 'file-1', tools: [{ type: 'file_search' }] }],
    },
  ],
}

describe('an exported thread', () => {
  test('is a transcript, oldest first, with its files and citations', () => {
    expect(importThread(thread)).toEqual([
      {
        id: 'm1',
        role: 'user',
        parts: [
          { type: 'text', text: 'What?' },
          {
            type: 'media',
            mime: 'image/*',
            url: 'https://i.example/1',
            providerOptions: { 'openai-responses': { detail: 'low' }, 'openai-chat': { detail: 'low' } },
          },
          { type: 'media', mime: 'application/*', ref: 'file-1', store: 'openai' },
        ],
      },
      {
        id: 'm2',
        role: 'assistant',
        parts: [
          {
            type: 'text',
            text: 'So 【4:0†a.pdf】',
            replay: {
              wire: 'openai-threads',
              data: {
                annotations: [
                  { type: 'file_citation', file_id: 'file-1', mark: '【4:0†a.pdf】', quote: 'q', start_index: 3, end_index: 14 },
                ],
              },
            },
          },
          { type: 'media', mime: 'image/*', ref: 'file-2', store: 'openai' },
        ],
      },
    ])
    expect(importThread(thread.data)).toEqual(importThread({ messages: { data: thread.data } }))
  })

  test('goes on with Responses', async () => {
    const { fetch, asked } = serving(Response.json({ status: 'completed', output: [] }))
    await collect(openai('gpt-5.4', { fetch })({ messages: [...importThread(thread), user('And?')] }))
    expect((asked[0]!.body as { input: unknown }).input).toEqual([
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'What?' },
          { type: 'input_image', image_url: 'https://i.example/1', detail: 'low' },
          { type: 'input_file', file_id: 'file-1' },
        ],
      },
      { role: 'assistant', content: 'So 【4:0†a.pdf】' },
      { role: 'assistant', content: '[image/*]' },
      { role: 'user', content: 'And?' },
    ])
  })

  test('has the calls of its functions where the steps were exported too, before the answer of their run', () => {
    const steps = [
      { id: 's2', created_at: 3, run_id: 'run_1', step_details: { type: 'message_creation' } },
      {
        id: 's1',
        created_at: 2,
        run_id: 'run_1',
        step_details: {
          type: 'tool_calls',
          tool_calls: [
            { id: 'call_1', type: 'function', function: { name: 'add', arguments: '{"a":1}', output: '2' } },
            { id: 'call_2', type: 'function', function: { name: 'add', arguments: '{}', output: null } },
            { id: 'call_3', type: 'code_interpreter', code_interpreter: { input: '1' } },
          ],
        },
      },
      { id: 's0', created_at: 1, run_id: 'run_0', step_details: null },
    ]
    expect(importThread({ messages: thread.data, steps }).slice(1, 3)).toEqual([
      { role: 'assistant', parts: [{ type: 'call', id: 'call_1', name: 'add', input: { a: 1 } }] },
      { role: 'tool', parts: [{ type: 'result', id: 'call_1', name: 'add', output: '2' }] },
    ])
  })

  test('that is none is a mistake of the program', () => {
    for (const none of [null, 7, {}, { messages: {} }, 'x']) expect(() => importThread(none)).toThrow(TypeError)
    expect(() => importThread(Array.from({ length: 100_001 }, () => ({})))).toThrow(TypeError)
    expect(importThread([])).toEqual([])
  })

  test('of any JSON is messages or a TypeError, never anything else', () => {
    const part = fc.record(
      {
        type: fc.oneof(fc.constantFrom('text', 'image_file', 'refusal', 'image_url'), fc.jsonValue()),
        text: fc.jsonValue(),
        refusal: fc.jsonValue(),
        image_file: fc.jsonValue(),
        image_url: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    const one = fc.record(
      {
        id: fc.jsonValue(),
        role: fc.oneof(fc.constantFrom('user', 'assistant'), fc.jsonValue()),
        created_at: fc.jsonValue(),
        content: fc.oneof(fc.array(part), fc.jsonValue()),
        attachments: fc.jsonValue(),
        run_id: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(one),
          fc.record({ messages: fc.array(one), steps: fc.array(fc.record({ run_id: fc.jsonValue(), step_details: fc.jsonValue() })) }),
          fc.jsonValue(),
        ),
        (json) => {
          try {
            for (const { parts } of importThread(json)) expect(parts.length).toBeGreaterThan(0)
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError)
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})

test('a long thread with many steps is read in no time to speak of', () => {
  const count = 20_000
  const messages = Array.from({ length: count }, (_, at) => ({ id: `m${at}`, role: 'assistant', run_id: `r${at}`, content: 'x' }))
  const steps = Array.from({ length: count }, (_, at) => ({
    run_id: `r${at}`,
    step_details: { tool_calls: [{ id: `c${at}`, type: 'function', function: { name: 'f', arguments: '{}', output: 'y' } }] },
  }))
  const from = performance.now()
  expect(importThread({ messages, steps })).toHaveLength(count * 3)
  expect(performance.now() - from).toBeLessThan(1500)
})
