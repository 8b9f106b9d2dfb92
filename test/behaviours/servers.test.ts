// The fake servers are strict: what a vendor would refuse, they refuse, in the vendor's form. The same question without the fault is taken.
import { describe, expect, test } from 'vitest'
import { chatServers, fakeServer, type WireName, wireServers } from '../../src/testing/conformance.ts'

type Fields = Record<string, unknown>

interface Sample {
  path: string
  headers?: Record<string, string>
  /** Taken as it is. */
  good: Fields
  /** Refused: the fields that make it wrong. */
  bad: Record<string, Fields>
}

const user = { role: 'user', content: 'hi' }
const tool = { type: 'function', function: { name: 'add', description: 'Adds.', parameters: { type: 'object', properties: {} } } }
const call = { id: 'call_1', type: 'function', function: { name: 'add', arguments: '{}' } }
const asks = { role: 'assistant', content: '', tool_calls: [call] }
const result = { role: 'tool', tool_call_id: 'call_1', content: '2' }

const samples: Readonly<Record<Exclude<WireName, 'workers-ai-chat'>, Sample>> = {
  'openai-chat': {
    path: '/v1/chat/completions',
    good: { model: 'm', messages: [user, asks, result], tools: [tool], stream: true, stream_options: { include_usage: true } },
    bad: {
      'no messages': { messages: [] },
      'a call without its result': { messages: [user, asks] },
      'a result without its call': { messages: [user, result] },
      'a result that comes too late': { messages: [user, asks, user, result] },
      'an id that is too long': {
        messages: [user, { ...asks, tool_calls: [{ ...call, id: 'x'.repeat(41) }] }, { ...result, tool_call_id: 'x'.repeat(41) }],
      },
      'a field of another vendor': { top_k: 5 },
      'usage of a stream that is none': { stream: false },
      'a choice of a tool that is not there': { tool_choice: { type: 'function', function: { name: 'other' } } },
      'a choice without tools': { tools: undefined, tool_choice: 'auto' },
      'two tools of one name': { tools: [tool, tool] },
      'a name with spaces': { tools: [{ ...tool, function: { ...tool.function, name: 'a b' } }] },
      'a strict schema that is open': {
        response_format: { type: 'json_schema', json_schema: { name: 'x', strict: true, schema: { type: 'object', properties: {} } } },
      },
      'content of an unknown kind': {
        messages: [{ role: 'user', content: [{ type: 'video_url', video_url: { url: 'https://example.com' } }] }],
      },
    },
  },
  'openai-responses': {
    path: '/v1/responses',
    good: {
      model: 'm',
      store: false,
      stream: true,
      input: [
        user,
        { type: 'function_call', call_id: 'c', name: 'add', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c', output: '2' },
      ],
      tools: [{ type: 'function', name: 'add', parameters: { type: 'object', properties: {} }, strict: false }],
    },
    bad: {
      'no input': { input: [] },
      'a call without its result': { input: [user, { type: 'function_call', call_id: 'c', name: 'add', arguments: '{}' }] },
      'a result without its call': { input: [user, { type: 'function_call_output', call_id: 'c', output: '2' }] },
      'reasoning that nothing follows': { input: [user, { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'eA==' }] },
      'reasoning that was not kept': {
        input: [user, { type: 'reasoning', id: 'rs_1', summary: [] }, { role: 'assistant', content: 'ok' }],
      },
      'a field of another API': { stop: ['END'] },
      'too few tokens': { max_output_tokens: 5 },
      'a tool without a word on strictness': { tools: [{ type: 'function', name: 'add', parameters: { type: 'object', properties: {} } }] },
    },
  },
  'anthropic-messages': {
    path: '/v1/messages',
    headers: { 'anthropic-version': '2023-06-01' },
    good: {
      model: 'm',
      max_tokens: 100,
      messages: [
        user,
        { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'add', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: '2' }] },
      ],
      tools: [{ name: 'add', input_schema: { type: 'object' } }],
    },
    bad: {
      'no limit': { max_tokens: undefined },
      'no messages': { messages: [] },
      'a system message among the others': { messages: [{ role: 'system', content: 'x' }, user] },
      'blank text': { messages: [{ role: 'user', content: [{ type: 'text', text: ' ' }] }] },
      'a call without its result': {
        messages: [user, { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'add', input: {} }] }, user],
      },
      'a result without its call': { messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: '2' }] }] },
      'an id with a sign in it': {
        messages: [
          user,
          { role: 'assistant', content: [{ type: 'tool_use', id: 'a:b', name: 'add', input: {} }] },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a:b' }] },
        ],
      },
      'thinking without a signature': {
        messages: [
          user,
          {
            role: 'assistant',
            content: [
              { type: 'thinking', thinking: 'Hm.', signature: '' },
              { type: 'text', text: 'a' },
            ],
          },
          user,
        ],
      },
      'white space at the very end': { messages: [user, { role: 'assistant', content: 'and ' }] },
      'a budget above the limit': { thinking: { type: 'enabled', budget_tokens: 2000 } },
      'a forced tool while it thinks': {
        max_tokens: 4000,
        thinking: { type: 'enabled', budget_tokens: 2000 },
        tool_choice: { type: 'any' },
      },
      'a field of another vendor': { seed: 7 },
    },
  },
  gemini: {
    path: '/v1beta/models/gemini-3.8-flash:generateContent',
    good: {
      contents: [
        { role: 'user', parts: [{ text: 'hi' }] },
        { role: 'model', parts: [{ functionCall: { name: 'add', args: {} }, thoughtSignature: 'c2ln' }] },
        { role: 'user', parts: [{ functionResponse: { name: 'add', response: { output: 2 } } }] },
      ],
      tools: [{ functionDeclarations: [{ name: 'add' }] }],
    },
    bad: {
      'no contents': { contents: [] },
      'a beginning by the model': { contents: [{ role: 'model', parts: [{ text: 'hi' }] }] },
      'a role that is none': { contents: [{ role: 'assistant', parts: [{ text: 'hi' }] }] },
      'empty text': { contents: [{ role: 'user', parts: [{ text: '' }] }] },
      'a call without its signature': {
        contents: [
          { role: 'user', parts: [{ text: 'hi' }] },
          { role: 'model', parts: [{ functionCall: { name: 'add', args: {} } }] },
          { role: 'user', parts: [{ functionResponse: { name: 'add', response: {} } }] },
        ],
      },
      'a call without its response': {
        contents: [
          { role: 'user', parts: [{ text: 'hi' }] },
          { role: 'model', parts: [{ functionCall: { name: 'add', args: {} }, thoughtSignature: 'c2ln' }] },
        ],
      },
      'names beside a mode that takes none': { toolConfig: { functionCallingConfig: { mode: 'AUTO', allowedFunctionNames: ['add'] } } },
      'a level and a budget': { generationConfig: { thinkingConfig: { thinkingLevel: 'LOW', thinkingBudget: 100 } } },
      'a field of another vendor': { max_tokens: 5 },
    },
  },
  'cohere-v2': {
    path: '/v2/chat',
    good: { model: 'm', messages: [user, { role: 'assistant', tool_calls: [call], tool_plan: 'I add.' }, result], tools: [tool] },
    bad: {
      'no messages': { messages: [] },
      'a call without its result': { messages: [user, { role: 'assistant', tool_calls: [call] }, user] },
      'a result without its call': { messages: [user, result] },
      'a choice of one tool': { tool_choice: { type: 'function', function: { name: 'add' } } },
      'a form beside tools': { response_format: { type: 'json_object' } },
      'too warm': { temperature: 1.5 },
      'a field of another vendor': { top_p: 0.5 },
    },
  },
  ollama: {
    path: '/api/chat',
    good: {
      model: 'm',
      messages: [
        user,
        { role: 'assistant', content: '', tool_calls: [{ function: { name: 'add', arguments: {} } }] },
        { role: 'tool', tool_name: 'add', content: '2' },
      ],
    },
    bad: {
      'arguments as text': {
        messages: [user, { role: 'assistant', content: '', tool_calls: [{ function: { name: 'add', arguments: '{}' } }] }],
      },
      'an image as an address': { messages: [{ ...user, images: ['https://example.com/a.png'] }] },
      'a role that is none': { messages: [{ role: 'developer', content: 'x' }] },
      'a choice of tools': { tool_choice: 'auto' },
      'content in parts': { messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }] },
    },
  },
  bedrock: {
    path: '/model/m/converse',
    good: {
      messages: [
        { role: 'user', content: [{ text: 'hi' }] },
        { role: 'assistant', content: [{ toolUse: { toolUseId: 't', name: 'add', input: {} } }] },
        { role: 'user', content: [{ toolResult: { toolUseId: 't', content: [{ text: '2' }] } }] },
      ],
      toolConfig: { tools: [{ toolSpec: { name: 'add', description: 'Adds.', inputSchema: { json: { type: 'object' } } } }] },
    },
    bad: {
      'no messages': { messages: [] },
      'two of one role': {
        messages: [
          { role: 'user', content: [{ text: 'hi' }] },
          { role: 'user', content: [{ text: 'hi' }] },
        ],
      },
      'blank text': { messages: [{ role: 'user', content: [{ text: ' ' }] }] },
      'calls without tools': { toolConfig: undefined },
      'a field of another vendor': { max_tokens: 5 },
    },
  },
  'workers-ai': {
    path: '/ai/run/@cf/meta/llama',
    good: {
      messages: [
        user,
        { role: 'assistant', content: '', tool_calls: [{ name: 'add', arguments: {} }] },
        { role: 'tool', name: 'add', content: '2' },
      ],
    },
    bad: {
      'no messages': { messages: [] },
      'content that is null': { messages: [user, { role: 'assistant', content: null }] },
      'a schema with a name around it': { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: {} } } },
      'an image by address': {
        messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }] }],
      },
    },
  },
}

const asked = async (
  wire: (typeof wireServers)[WireName],
  { path, headers }: Sample,
  body: Fields,
): Promise<{ status: number; text: string; refused: readonly string[] }> => {
  const server = fakeServer(wire, { say: [{ text: 'ok' }] })
  const request = new Request(`http://fake.test${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  const response = await server.handle(request)
  return { status: response.status, text: await response.text(), refused: server.refused }
}

describe.each(Object.entries(samples))('the server of %s', (name, sample) => {
  const wire = wireServers[name as WireName]
  test('takes a good question', async () => {
    const { status, text, refused } = await asked(wire, sample, sample.good)
    expect({ status, refused }).toEqual({ status: 200, refused: [] })
    expect(text).toContain('ok')
  })
  test.each(Object.entries(sample.bad))('refuses %s', async (_what, wrong) => {
    const { status, refused } = await asked(wire, sample, { ...sample.good, ...wrong })
    expect(status).toBe(400)
    expect(refused).toHaveLength(1)
  })
  test('has no other address', async () => {
    expect((await asked(wire, { ...sample, path: '/other' }, sample.good)).status).toBe(404)
  })
})

describe('the dialects of Chat Completions', () => {
  const { path } = samples['openai-chat']
  const plain = { model: 'm', messages: [user] }
  test.each([
    ['mistral', 'an id of more than nine letters', { messages: [user, asks, result] }],
    ['mistral', 'a seed under OpenAI’s name', { seed: 7 }],
    ['deepseek', 'a call without its thinking', { messages: [user, asks, result] }],
    ['deepseek', 'a schema', { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: {} } } }],
    ['moonshot', 'a call without its thinking', { messages: [user, asks, result] }],
    ['perplexity', 'two of one role', { messages: [user, user] }],
    ['groq', 'options of the stream', { stream: true, stream_options: { include_usage: true } }],
    ['zai', 'a tool that is required', { tools: [tool], tool_choice: 'required' }],
    [
      'ollama',
      'an image by address',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }] }] },
    ],
    ['xai', 'a limit under its old name', { max_tokens: 5 }],
  ] as const)('%s refuses %s', async (vendor, _what, wrong) => {
    expect((await asked(chatServers[vendor], { path, good: plain, bad: {} }, plain)).status).toBe(200)
    expect((await asked(chatServers[vendor], { path, good: plain, bad: {} }, { ...plain, ...wrong })).status).toBe(400)
  })
})
