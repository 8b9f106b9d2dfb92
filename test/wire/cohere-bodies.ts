// Requests of Cohere's v2 chat that no recording holds.
import type { Fields } from './checks.ts'

const hi = { role: 'user', content: 'hi' }
const png = 'data:image/png;base64,iVBORw0KGgo='
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
const tool = (name: string): Fields => ({ type: 'function', function: { name, description: 'd', parameters } })
const call = (id: string, name: string, args = '{"city":"x"}'): Fields => ({ id, type: 'function', function: { name, arguments: args } })
const document = (data: Fields, more: Fields = {}): Fields => ({ type: 'document', document: { data, ...more } })

export const cohereBodies: Readonly<Record<string, Fields>> = {
  'documents as texts and as objects': {
    documents: ['a text', { id: 'd1', data: { title: 'T', snippet: 'S', score: 0.5 } }, { data: { text: 'no id' } }],
    citation_options: { mode: 'ACCURATE' },
  },
  'citations off, safety, logprobs, priority': { citation_options: { mode: 'OFF' }, safety_mode: 'STRICT', logprobs: true, priority: 3 },
  'all numbers': {
    max_tokens: 100,
    stop_sequences: ['a', 'b'],
    temperature: 0.3,
    seed: 42,
    k: 40,
    p: 0.9,
    frequency_penalty: 0.1,
    presence_penalty: 1,
  },
  zeros: { max_tokens: 0, temperature: 0, seed: 0, k: 0, p: 0, frequency_penalty: 0, presence_penalty: 0, logprobs: false },
  'a stream': { stream: true },
  'thinking with a budget': { model: 'command-a-reasoning-08-2025', thinking: { type: 'enabled', token_budget: 500 } },
  'thinking off': { model: 'command-a-reasoning-08-2025', thinking: { type: 'disabled' } },
  'JSON of any shape': { response_format: { type: 'json_object' } },
  'JSON held to a schema': { response_format: { type: 'json_object', json_schema: { ...parameters, additionalProperties: false } } },
  'strict tools, a forced one': { tools: [tool('a'), tool('b')], strict_tools: true, tool_choice: 'REQUIRED' },
  'strict tools that require nothing': {
    tools: [{ type: 'function', function: { name: 'a', parameters: { type: 'object', properties: {} } } }],
    strict_tools: true,
  },
  'tools that may not be used': { tools: [tool('a')], tool_choice: 'NONE', strict_tools: false },
  'a plan, several calls, each kind of result': {
    tools: [tool('a')],
    messages: [
      { role: 'system', content: 'Be brief.' },
      hi,
      {
        role: 'assistant',
        tool_plan: 'I will ask twice.',
        tool_calls: [call('a_1', 'a'), call('a_2', 'a', '{}'), call('a_3', 'a', 'null'), call('a_4', 'a')],
      },
      { role: 'tool', tool_call_id: 'a_1', content: 'sun' },
      { role: 'tool', tool_call_id: 'a_2', content: [document({ weather: 'sun' })] },
      { role: 'tool', tool_call_id: 'a_3', content: [document({ weather: 'sun' }), document({ wind: 3 })] },
      { role: 'tool', tool_call_id: 'a_4', content: [document({ weather: 'sun' }, { id: 'own' })] },
      { role: 'assistant', content: [{ type: 'text', text: 'Sun.' }] },
      hi,
    ],
  },
  'a result of texts': {
    tools: [tool('a')],
    messages: [
      hi,
      { role: 'assistant', tool_calls: [call('a_1', 'a')] },
      {
        role: 'tool',
        tool_call_id: 'a_1',
        content: [
          { type: 'text', text: 'one' },
          { type: 'text', text: 'two' },
        ],
      },
    ],
  },
  'results whose documents are text': {
    tools: [tool('a')],
    messages: [
      hi,
      { role: 'assistant', tool_calls: [call('a_1', 'a'), call('a_2', 'a')] },
      { role: 'tool', tool_call_id: 'a_1', content: [{ type: 'document', document: { data: '{"weather":"sun"}' } }] },
      {
        role: 'tool',
        tool_call_id: 'a_2',
        content: [document({ wind: 3 }), { type: 'document', document: { data: '{"weather":"sun"}' } }],
      },
    ],
  },
  'words beside calls, with a plan and without': {
    tools: [tool('a')],
    messages: [
      hi,
      { role: 'assistant', content: 'Let me see.', tool_plan: 'I will ask.', tool_calls: [call('a_1', 'a')] },
      { role: 'tool', tool_call_id: 'a_1', content: 'sun' },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm' },
          { type: 'text', text: 'Once more.' },
        ],
        tool_calls: [call('a_2', 'a')],
      },
      { role: 'tool', tool_call_id: 'a_2', content: 'sun' },
    ],
  },
  'text as the form, nulls, a tool without parameters': {
    response_format: { type: 'text' },
    tools: [{ type: 'function', function: { name: 'a' } }],
    messages: [
      hi,
      { role: 'assistant', content: '' },
      hi,
      { role: 'assistant', content: null, tool_plan: null, tool_calls: [call('a_1', 'a')] },
      { role: 'tool', tool_call_id: 'a_1', content: 'sun' },
    ],
  },
  'a schema by its other name': { response_format: { type: 'json_object', schema: parameters } },
  'thinking beside calls': {
    tools: [tool('a')],
    messages: [
      hi,
      { role: 'assistant', content: [{ type: 'thinking', thinking: 'Hm' }], tool_plan: 'I will ask.', tool_calls: [call('a_1', 'a')] },
      { role: 'tool', tool_call_id: 'a_1', content: 'sun' },
    ],
  },
  'thinking before an answer': {
    messages: [
      hi,
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm' },
          { type: 'text', text: 'Hello' },
        ],
      },
      hi,
    ],
  },
  'pictures by data and by address': {
    model: 'command-a-vision-07-2025',
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
          { type: 'image_url', image_url: { url: png, detail: 'low' } },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
        ],
      },
    ],
  },
  'system between and twice': {
    messages: [
      { role: 'system', content: 'a' },
      { role: 'system', content: 'b' },
      hi,
      { role: 'assistant', content: 'x' },
      { role: 'system', content: 'c' },
      hi,
    ],
  },
}
