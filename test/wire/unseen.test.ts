// Requests of the protocols that no recording holds: each is read as a neutral call and sent as it was, like the recorded ones.
import { describe, expect, test } from 'vitest'
import { wire as messages } from './anthropic.ts'
import { checkEncode, type Fields, type Wire } from './checks.ts'
import { geminiWire } from './gemini.ts'
import { chat } from './openai-chat.ts'
import { responses } from './openai-responses.ts'
import { type Recording, recorded } from './recordings.ts'

const hi = { role: 'user', content: 'hi' }
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false }
const png = 'iVBORw0KGgo='

const asChat = (body: Fields): Fields => ({ model: 'gpt-4o', messages: [hi], ...body })
const chatTool = (name: string, more: Fields = {}): Fields => ({
  type: 'function',
  function: { name, description: 'd', parameters, ...more },
})
const chatCall = (id: string, name: string, args: string): Fields => ({ id, type: 'function', function: { name, arguments: args } })
const said = (more: Fields): Fields => ({ role: 'assistant', ...more })

const chatBodies: Readonly<Record<string, Fields>> = {
  'a choice among tools': {
    tools: [chatTool('a'), chatTool('b'), chatTool('c')],
    tool_choice: {
      type: 'allowed_tools',
      allowed_tools: {
        mode: 'required',
        tools: [
          { type: 'function', function: { name: 'a' } },
          { type: 'function', function: { name: 'b' } },
        ],
      },
    },
  },
  'a custom tool, chosen, called and answered': {
    tools: [{ type: 'custom', custom: { name: 'sql', description: 'd', format: { type: 'text' } } }, chatTool('a')],
    tool_choice: { type: 'custom', custom: { name: 'sql' } },
    messages: [
      hi,
      said({ content: null, tool_calls: [{ id: 'c1', type: 'custom', custom: { name: 'sql', input: 'select 1' } }] }),
      { role: 'tool', tool_call_id: 'c1', content: '1' },
    ],
  },
  'legacy functions': { functions: [{ name: 'a', description: 'd', parameters }], function_call: { name: 'a' } },
  'a legacy call and its result': {
    functions: [{ name: 'a', parameters }],
    function_call: 'auto',
    messages: [
      hi,
      said({ content: null, function_call: { name: 'a', arguments: '{"city":"x"}' } }),
      { role: 'function', name: 'a', content: '1' },
    ],
  },
  'one stop as a string': { stop: 'END' },
  'stops, seed, penalties, odds': {
    stop: ['a', 'b'],
    seed: 1,
    n: 3,
    logprobs: true,
    top_logprobs: 2,
    logit_bias: { 50256: -100 },
    presence_penalty: 0.5,
    frequency_penalty: -0.5,
    user: 'u',
    metadata: { a: 'b' },
    service_tier: 'flex',
    store: false,
  },
  'zeros and false': { temperature: 0, top_p: 0, seed: 0, presence_penalty: 0, frequency_penalty: 0, logprobs: false, store: false, max_tokens: 0 },
  'a stream with obfuscation off': { stream: true, stream_options: { include_usage: true, include_obfuscation: false } },
  'a prediction': { prediction: { type: 'content', content: 'x' } },
  'sound in and out': {
    model: 'gpt-audio',
    modalities: ['text', 'audio'],
    audio: { voice: 'alloy', format: 'mp3' },
    messages: [
      { role: 'user', content: [{ type: 'input_audio', input_audio: { data: png, format: 'mp3' } }] },
      said({ audio: { id: 'audio_1' } }),
      hi,
    ],
  },
  'files by id, by data': {
    messages: [
      {
        role: 'user',
        content: [
          { type: 'file', file: { file_id: 'file-1' } },
          { type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${png}` } },
          { type: 'text', text: 'read' },
        ],
      },
    ],
  },
  'pictures with detail, several texts': {
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${png}`, detail: 'low' } },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'auto' } },
        ],
      },
    ],
  },
  'a refusal in the history, as a field': { messages: [hi, said({ content: null, refusal: 'no' }), hi] },
  'a refusal in the history, as a part': { messages: [hi, said({ content: [{ type: 'refusal', refusal: 'no' }] }), hi] },
  'text and refusal parts': {
    messages: [hi, said({ content: [{ type: 'text', text: 'a' }, { type: 'refusal', refusal: 'no' }] }), hi],
  },
  'names of speakers': { messages: [{ role: 'system', content: 's', name: 'boss' }, { ...hi, name: 'ann' }, said({ content: 'a', name: 'bot' }), hi] },
  'system between and twice': {
    messages: [{ role: 'system', content: 'a' }, { role: 'system', content: 'b' }, hi, said({ content: 'x' }), { role: 'system', content: 'c' }, hi],
  },
  'instructions in parts': {
    messages: [{ role: 'system', content: [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }] }, hi],
  },
  'a developer': { messages: [{ role: 'developer', content: 'a' }, hi] },
  'a result in parts': {
    tools: [chatTool('a')],
    messages: [
      hi,
      said({ content: '', tool_calls: [chatCall('c1', 'a', '{}')] }),
      { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }] },
    ],
  },
  'an empty result, a result with a name': {
    tools: [chatTool('a')],
    messages: [
      hi,
      said({ content: null, tool_calls: [chatCall('c1', 'a', '{}'), chatCall('c2', 'a', '{}')] }),
      { role: 'tool', tool_call_id: 'c1', content: '' },
      { role: 'tool', tool_call_id: 'c2', content: '2', name: 'a' },
    ],
  },
  'arguments of all kinds': {
    tools: [chatTool('a')],
    messages: [
      hi,
      said({
        content: null,
        tool_calls: [
          chatCall('c1', 'a', ''),
          chatCall('c2', 'a', '{"a": 1}'),
          chatCall('c3', 'a', '[1]'),
          chatCall('c4', 'a', '"x"'),
          chatCall('c5', 'a', '{"a":'),
          chatCall('c6', 'a', 'null'),
        ],
      }),
      ...['c1', 'c2', 'c3', 'c4', 'c5', 'c6'].map((id) => ({ role: 'tool', tool_call_id: id, content: id })),
    ],
  },
  'an answer without content or calls': { messages: [hi, said({ content: '' }), hi] },
  'an answer with nothing at all': { messages: [hi, said({ content: null }), hi] },
  'no text in a user message': { messages: [{ role: 'user', content: '' }] },
  'a result that nobody asked for': { messages: [hi, { role: 'tool', tool_call_id: 'lost', content: 'x' }, hi] },
  'an unfinished answer at the end': { messages: [hi, said({ content: 'I think ' })] },
  'text format': { response_format: { type: 'text' } },
  'any JSON': { response_format: { type: 'json_object' } },
  'a described schema': {
    response_format: { type: 'json_schema', json_schema: { name: 'n', description: 'd', schema: parameters, strict: true } },
  },
  'a loose schema': { response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' }, strict: false } } },
  'tools without parameters, strict and not': {
    tools: [
      { type: 'function', function: { name: 'a' } },
      chatTool('b', { strict: true }),
      chatTool('c', { strict: false }),
      { type: 'function', function: { name: 'd', description: '', parameters: {} } },
    ],
    tool_choice: 'required',
    parallel_tool_calls: false,
  },
  'web search': { web_search_options: { search_context_size: 'low', user_location: { type: 'approximate', approximate: { city: 'x' } } } },
  'cache keys and tiers': { prompt_cache_key: 'k', prompt_cache_retention: '24h', safety_identifier: 's', verbosity: 'low', reasoning_effort: 'minimal' },
  'a limit by its old name': { max_tokens: 10 },
  'calls with text': {
    tools: [chatTool('a')],
    messages: [hi, said({ content: 'I look.', tool_calls: [chatCall('c1', 'a', '{}')] }), { role: 'tool', tool_call_id: 'c1', content: 'x' }, said({ content: 'x' }), hi],
  },
  'calls nobody answered': { tools: [chatTool('a')], messages: [hi, said({ content: null, tool_calls: [chatCall('c1', 'a', '{}')] }), hi] },
}

const one = (api: string, provider: string, name: string, body: Fields, url = 'https://example.com/v1', headers = {}): Recording => ({
  id: `${api}: ${name}`,
  api,
  provider,
  group: name,
  step: 1,
  steps: 1,
  kind: [],
  request: { method: 'POST', url, headers, body },
  response: { status: 200, headers: {}, body: {} },
})

const check = (wire: Wire, recording: Recording): void =>
  test(recording.id, async () => {
    expect(await checkEncode(wire, [recording])).toBe(1)
  })

describe.skipIf(!recorded)('what is sent is what was read', () => {
  for (const [name, body] of Object.entries(chatBodies)) check(chat, one('openai.chat', 'openai', name, asChat(body)))
})
void [messages, geminiWire, responses]
