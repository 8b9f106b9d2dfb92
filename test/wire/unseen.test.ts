// Requests of the protocols that no recording holds: each is read as a neutral call and sent as it was, like the recorded ones.
import { describe, expect, test } from 'vitest'
import { collect, type Model } from '../../src/index.ts'
import { anthropic } from '../../src/providers/anthropic.ts'
import { gemini } from '../../src/providers/gemini.ts'
import { openaiChat, openaiCompatible } from '../../src/providers/openai-chat.ts'
import { openai } from '../../src/providers/openai.ts'
import { azure, type Preset, presets, workersAi } from '../../src/providers/presets.ts'
import { wire as messages } from './anthropic.ts'
import { checkEncode, type Fields, type Wire } from './checks.ts'
import { bedrockBodies } from './bedrock-bodies.ts'
import { bedrockWire } from './bedrock.ts'
import { cohereBodies } from './cohere-bodies.ts'
import { cohereWire } from './cohere.ts'
import { geminiWire } from './gemini.ts'
import { chat } from './openai-chat.ts'
import { responses } from './openai-responses.ts'
import { type Recording, recorded } from './recordings.ts'

const hi = { role: 'user', content: 'hi' }
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false }
const png = 'iVBORw0KGgo='

const asChat = (body: Fields): Fields => ({ model: 'gpt-4o', messages: [hi], ...body })
const asCohere = (body: Fields): Fields => ({ model: 'command-a-03-2025', messages: [hi], stream: false, ...body })
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
  'zeros and false': {
    temperature: 0,
    top_p: 0,
    seed: 0,
    presence_penalty: 0,
    frequency_penalty: 0,
    logprobs: false,
    store: false,
    max_tokens: 0,
  },
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
    messages: [
      hi,
      said({
        content: [
          { type: 'text', text: 'a' },
          { type: 'refusal', refusal: 'no' },
        ],
      }),
      hi,
    ],
  },
  'names of speakers': {
    messages: [{ role: 'system', content: 's', name: 'boss' }, { ...hi, name: 'ann' }, said({ content: 'a', name: 'bot' }), hi],
  },
  'system between and twice': {
    messages: [
      { role: 'system', content: 'a' },
      { role: 'system', content: 'b' },
      hi,
      said({ content: 'x' }),
      { role: 'system', content: 'c' },
      hi,
    ],
  },
  'instructions in parts': {
    messages: [
      {
        role: 'system',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      hi,
    ],
  },
  'a developer': { messages: [{ role: 'developer', content: 'a' }, hi] },
  'a result in parts': {
    tools: [chatTool('a')],
    messages: [
      hi,
      said({ content: '', tool_calls: [chatCall('c1', 'a', '{}')] }),
      {
        role: 'tool',
        tool_call_id: 'c1',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
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
  'cache keys and tiers': {
    prompt_cache_key: 'k',
    prompt_cache_retention: '24h',
    safety_identifier: 's',
    verbosity: 'low',
    reasoning_effort: 'minimal',
  },
  'a limit by its old name': { max_tokens: 10 },
  'calls with text': {
    tools: [chatTool('a')],
    messages: [
      hi,
      said({ content: 'I look.', tool_calls: [chatCall('c1', 'a', '{}')] }),
      { role: 'tool', tool_call_id: 'c1', content: 'x' },
      said({ content: 'x' }),
      hi,
    ],
  },
  'calls nobody answered': { tools: [chatTool('a')], messages: [hi, said({ content: null, tool_calls: [chatCall('c1', 'a', '{}')] }), hi] },
}

const callAndResult = (more: Fields = {}, id = 'c1'): Fields[] => [
  hi,
  said({ content: '', tool_calls: [chatCall(id, 'a', '{"city":"x"}')], ...more }),
  { role: 'tool', tool_call_id: id, content: 'x' },
]

const dialectBodies: readonly (readonly [api: string, provider: string, name: string, body: Fields])[] = [
  [
    'openrouter.chat',
    'openrouter',
    'routing and cost',
    {
      provider: { order: ['a'], allow_fallbacks: false },
      models: ['a/b'],
      transforms: ['middle-out'],
      usage: { include: true },
      plugins: [{ id: 'web' }],
      route: 'fallback',
      top_k: 3,
      top_a: 0.1,
      min_p: 0.1,
      repetition_penalty: 1.1,
    },
  ],
  ['openrouter.chat', 'openrouter', 'reasoning switched on', { reasoning: { enabled: true } }],
  ['openrouter.chat', 'openrouter', 'reasoning kept back', { reasoning: { effort: 'high', exclude: true } }],
  ['openrouter.chat', 'openrouter', 'reasoning by tokens', { reasoning: { max_tokens: 2000 } }],
  [
    'openrouter.chat',
    'openrouter',
    'cache marks everywhere',
    {
      messages: [
        { role: 'system', content: [{ type: 'text', text: 's', cache_control: { type: 'ephemeral' } }] },
        { role: 'user', content: [{ type: 'text', text: 'hi', cache_control: { type: 'ephemeral', ttl: '1h' } }] },
        said({
          content: [{ type: 'text', text: 'I look.', cache_control: { type: 'ephemeral' } }],
          tool_calls: [chatCall('c1', 'a', '{}')],
        }),
        { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }] },
      ],
      tools: [{ ...chatTool('a'), cache_control: { type: 'ephemeral' } }],
    },
  ],
  [
    'openrouter.chat',
    'openrouter',
    'files by data and address, films, sounds',
    {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${png}` } },
            { type: 'file', file: { filename: 'b.pdf', file_data: 'https://example.com/b.pdf' } },
            { type: 'input_audio', input_audio: { data: png, format: 'wav' } },
            { type: 'video_url', video_url: { url: 'https://example.com/c.mp4' } },
            { type: 'image_url', image_url: { url: 'https://example.com/c.png' } },
          ],
        },
      ],
    },
  ],
  [
    'openrouter.chat',
    'openrouter',
    'details of reasoning without its text',
    {
      messages: callAndResult({
        reasoning_details: [{ type: 'reasoning.encrypted', data: 'x', id: 'r', format: 'openai-responses-v1', index: 0 }],
      }),
      tools: [chatTool('a')],
    },
  ],
  ['openrouter.chat', 'openrouter', 'a picture is asked for', { modalities: ['image', 'text'], image_config: { aspect_ratio: '16:9' } }],
  [
    'mistral.chat',
    'mistral',
    'any tool, safe, seeded',
    { tools: [chatTool('a')], tool_choice: 'any', safe_prompt: true, random_seed: 7, prompt_mode: 'reasoning', stop: ['a'], n: 2 },
  ],
  [
    'mistral.chat',
    'mistral',
    'thoughts and texts in several pieces, and instructions that show how to think',
    {
      messages: [
        {
          role: 'system',
          content: [
            { type: 'text', text: 'x' },
            { type: 'thinking', thinking: [{ type: 'text', text: 'so' }] },
          ],
        },
        hi,
        said({
          content: [
            {
              type: 'thinking',
              thinking: [
                { type: 'text', text: 'a' },
                { type: 'text', text: 'b' },
              ],
            },
            { type: 'text', text: 'c' },
            { type: 'text', text: 'd' },
          ],
        }),
        hi,
      ],
    },
  ],
  ['mistral.chat', 'mistral', 'a prefix', { messages: [hi, said({ content: 'Sure', prefix: true })] }],
  [
    'mistral.chat',
    'mistral',
    'thinking in chunks, with a call',
    {
      messages: callAndResult(
        {
          content: [
            { type: 'thinking', thinking: [{ type: 'text', text: 't' }], closed: true },
            { type: 'text', text: 'a' },
          ],
        },
        'abcdefghi',
      ),
      tools: [chatTool('a')],
    },
  ],
  [
    'mistral.chat',
    'mistral',
    'documents and pictures as bare addresses',
    {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'document_url', document_url: 'https://example.com/a.pdf', document_name: 'a.pdf' },
            { type: 'image_url', image_url: 'https://example.com/a.png' },
            { type: 'input_audio', input_audio: png },
            { type: 'file', file_id: 'f1' },
            { type: 'text', text: 'read' },
          ],
        },
      ],
    },
  ],
  [
    'mistral.chat',
    'mistral',
    'a call with an object, a result with a name',
    {
      messages: [
        hi,
        said({ content: '', tool_calls: [{ id: 'abcdefghi', function: { name: 'a', arguments: { city: 'x' } }, index: 0 }] }),
        { role: 'tool', tool_call_id: 'abcdefghi', name: 'a', content: 'x' },
      ],
      tools: [chatTool('a')],
    },
  ],
  [
    'mistral.chat',
    'mistral',
    'a schema',
    { response_format: { type: 'json_schema', json_schema: { name: 'n', schema: parameters, strict: true } } },
  ],
  [
    'deepseek.chat',
    'deepseek',
    'thinking with a call',
    {
      messages: callAndResult({ reasoning_content: 't' }),
      tools: [chatTool('a')],
      thinking: { type: 'enabled' },
      reasoning_effort: 'high',
    },
  ],
  [
    'deepseek.chat',
    'deepseek',
    'thinking off, sampling, odds',
    {
      thinking: { type: 'disabled' },
      temperature: 0.3,
      top_p: 0.9,
      logprobs: true,
      top_logprobs: 2,
      stop: ['x'],
      max_tokens: 5,
      frequency_penalty: 0.1,
    },
  ],
  [
    'deepseek.chat',
    'deepseek',
    'an answer with thinking and no call',
    { messages: [hi, said({ content: 'a', reasoning_content: 't' }), hi] },
  ],
  ['deepseek.chat', 'deepseek', 'a prefix', { messages: [hi, said({ content: 'Sure', prefix: true })] }],
  [
    'groq.chat',
    'groq',
    'reasoning and documents',
    {
      reasoning_format: 'parsed',
      reasoning_effort: 'low',
      documents: [{ source: { type: 'text', text: 'd' } }],
      citation_options: 'enabled',
      service_tier: 'auto',
      max_completion_tokens: 9,
    },
  ],
  ['groq.chat', 'groq', 'reasoning in the history', { messages: [hi, said({ content: 'a', reasoning: 't' }), hi] }],
  ['groq.chat', 'groq', 'a hosted tool', { tools: [{ type: 'browser_search' }], tool_choice: 'required' }],
  [
    'groq.chat',
    'groq',
    'compound',
    { compound_custom: { tools: { enabled_tools: ['web_search'] } }, search_settings: { include_domains: ['a'] } },
  ],
  [
    'ollama.openai-compat.chat',
    'ollama',
    'reasoning in the history',
    { messages: callAndResult({ reasoning: 't' }), tools: [chatTool('a')], reasoning_effort: 'none' },
  ],
  [
    'ollama.openai-compat.chat',
    'ollama',
    'a schema and a limit',
    { max_tokens: 4, seed: 0, response_format: { type: 'json_schema', json_schema: { name: 'n', schema: parameters } } },
  ],
  [
    'huggingface.router.chat',
    'huggingface',
    'the common fields',
    {
      tools: [chatTool('a')],
      tool_choice: 'auto',
      logprobs: true,
      top_logprobs: 1,
      stop: ['a'],
      seed: 1,
      response_format: { type: 'json_object' },
    },
  ],
  [
    'perplexity.chat',
    'perplexity',
    'a search',
    {
      search_mode: 'academic',
      search_domain_filter: ['a.org'],
      search_recency_filter: 'week',
      return_images: true,
      return_related_questions: false,
      web_search_options: { search_context_size: 'low' },
      search_after_date_filter: '1/1/2026',
      disable_search: false,
      top_k: 2,
    },
  ],
  [
    'perplexity.chat',
    'perplexity',
    'a schema without a name',
    { response_format: { type: 'json_schema', json_schema: { schema: parameters } } },
  ],
  ['azure-openai.chat', 'azure', 'data of its own', { data_sources: [{ type: 'azure_search', parameters: {} }], user: 'u', n: 1 }],
  [
    'xai.chat',
    'xai',
    'reasoning in the history',
    { messages: [hi, said({ content: 'a', reasoning_content: 't' }), hi], reasoning_effort: 'low', search_parameters: { mode: 'off' } },
  ],
  [
    'together.chat',
    'together',
    'the common fields',
    {
      max_tokens: 3,
      top_k: 3,
      repetition_penalty: 1,
      min_p: 0.1,
      safety_model: 's',
      tools: [chatTool('a')],
      tool_choice: { type: 'function', function: { name: 'a' } },
    },
  ],
  [
    'cerebras.chat',
    'cerebras',
    'reasoning',
    { reasoning_effort: 'low', disable_reasoning: false, max_completion_tokens: 4, service_tier: 'auto' },
  ],
  [
    'zai.chat',
    'zai',
    'thinking kept',
    { messages: callAndResult({ reasoning_content: 't' }), tools: [chatTool('a')], thinking: { type: 'enabled', clear_thinking: false } },
  ],
  [
    'alibaba.chat',
    'alibaba',
    'thinking by tokens',
    { enable_thinking: true, thinking_budget: 50, enable_search: true, search_options: { forced_search: true } },
  ],
  [
    'moonshotai.chat',
    'moonshot',
    'thinking with a call',
    { messages: callAndResult({ reasoning_content: 't' }), tools: [chatTool('a')], thinking: { type: 'enabled' } },
  ],
  [
    'gpustack.chat',
    'gpustack',
    'a template',
    {
      chat_template_kwargs: { enable_thinking: false },
      guided_json: parameters,
      top_k: 2,
      min_p: 0.1,
      repetition_penalty: 1,
      min_tokens: 2,
    },
  ],
  [
    'workers-ai.openai-compat.chat',
    'workers-ai',
    'thinking in the history',
    { messages: callAndResult({ reasoning_content: 't' }), tools: [chatTool('a')], chat_template_kwargs: { thinking: true } },
  ],
  [
    'gemini.openai-compat.chat',
    'gemini',
    'budget and signature',
    {
      extra_body: { google: { thinking_config: { thinking_budget: 5 } } },
      messages: callAndResult({ tool_calls: [{ ...chatCall('c1', 'a', '{}'), extra_content: { google: { thought_signature: 'x' } } }] }),
      tools: [chatTool('a')],
    },
  ],
  [
    'cohere.openai-compat.chat',
    'cohere',
    'the common fields',
    { seed: 1, stop: ['a'], tools: [chatTool('a')], response_format: { type: 'json_object' } },
  ],
]

const ask = (...input: Fields[]): Fields => ({ input: [hi, ...input] })
const fn = (more: Fields = {}): Fields => ({ type: 'function', name: 'a', description: 'd', parameters, strict: true, ...more })
const thought = { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 's' }], encrypted_content: 'e' }
const called = { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'a', arguments: '{"city":"x"}' }
const answer = (content: Fields[], more: Fields = {}): Fields => ({
  type: 'message',
  role: 'assistant',
  id: 'msg_1',
  status: 'completed',
  content,
  ...more,
})

const responsesBodies: Readonly<Record<string, Fields>> = {
  'a text': { input: 'hi', instructions: 's' },
  'system and developer between': {
    input: [{ role: 'developer', content: 'd' }, hi, { role: 'assistant', content: 'a' }, { role: 'developer', content: 'e' }, hi],
  },
  'a system in parts': { input: [{ role: 'system', content: [{ type: 'input_text', text: 'a' }] }, hi] },
  'messages that name their type': {
    input: [
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'a' },
          { type: 'input_text', text: 'b' },
        ],
      },
    ],
  },
  'every setting': {
    model: 'gpt-4o',
    background: false,
    include: ['message.output_text.logprobs', 'file_search_call.results'],
    max_output_tokens: 20,
    max_tool_calls: 2,
    metadata: { a: 'b' },
    parallel_tool_calls: false,
    prompt_cache_key: 'k',
    prompt_cache_retention: '24h',
    safety_identifier: 's',
    service_tier: 'flex',
    temperature: 0,
    top_p: 0.5,
    top_logprobs: 2,
    truncation: 'auto',
    user: 'u',
    store: true,
    stream: true,
    stream_options: { include_obfuscation: false },
    text: { verbosity: 'low', format: { type: 'text' } },
    tools: [fn()],
  },
  'a stored prompt': { prompt: { id: 'p', version: '2', variables: { a: 'b' } } },
  'a conversation by id': { conversation: 'conv_1' },
  'a conversation as an object': { conversation: { id: 'conv_1' } },
  'an answer before': {
    previous_response_id: 'resp_1',
    input: [{ type: 'function_call_output', call_id: 'c1', output: 'x' }],
    tools: [fn()],
  },
  'in the background': { background: true, store: true, stream: true },
  'any JSON': { text: { format: { type: 'json_object' } } },
  'a described schema': {
    text: { format: { type: 'json_schema', name: 'n', description: 'd', schema: parameters, strict: true }, verbosity: 'high' },
  },
  'a loose schema': {
    text: { format: { type: 'json_schema', name: 'n', schema: { type: 'object', additionalProperties: false }, strict: false } },
  },
  'thinking told in detail': {
    model: 'gpt-5',
    reasoning: { effort: 'high', summary: 'detailed' },
    include: ['reasoning.encrypted_content'],
    store: false,
  },
  'thinking told by its old name': { model: 'o3', reasoning: { effort: 'low', generate_summary: 'concise' } },
  'thinking without effort': { model: 'gpt-5', reasoning: { effort: null, summary: 'auto' } },
  'functions of all kinds': {
    tools: [
      fn(),
      fn({ name: 'b', strict: false }),
      { type: 'function', name: 'c', parameters: null, strict: null },
      fn({ name: 'd', defer_loading: true }),
    ],
    tool_choice: 'required',
  },
  'one function': { tools: [fn()], tool_choice: { type: 'function', name: 'a' } },
  'no function': { tools: [fn()], tool_choice: 'none' },
  'a choice among tools': {
    tools: [fn(), fn({ name: 'b' })],
    tool_choice: {
      type: 'allowed_tools',
      mode: 'auto',
      tools: [
        { type: 'function', name: 'a' },
        { type: 'function', name: 'b' },
      ],
    },
  },
  'a choice among hosted ones': {
    tools: [fn(), { type: 'image_generation' }],
    tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'a' }, { type: 'image_generation' }] },
  },
  'a custom tool': {
    tools: [{ type: 'custom', name: 'sql', description: 'd', format: { type: 'grammar', syntax: 'lark', definition: 'x' } }],
    tool_choice: { type: 'custom', name: 'sql' },
    ...ask(
      { type: 'custom_tool_call', id: 'ctc_1', call_id: 'c1', name: 'sql', input: 'select 1' },
      { type: 'custom_tool_call_output', call_id: 'c1', output: '1' },
    ),
  },
  'file search': {
    tools: [{ type: 'file_search', vector_store_ids: ['v'], max_num_results: 2, filters: { type: 'eq', key: 'a', value: 'b' } }],
    tool_choice: { type: 'file_search' },
    ...ask(
      { type: 'file_search_call', id: 'fs_1', status: 'completed', queries: ['q'], results: null },
      answer([{ type: 'output_text', text: 'a', annotations: [{ type: 'file_citation', index: 0, file_id: 'f', filename: 'n' }] }]),
      hi,
    ),
  },
  'file search with results': {
    tools: [{ type: 'file_search', vector_store_ids: ['v'] }],
    ...ask(
      { type: 'file_search_call', id: 'fs_1', status: 'completed', queries: ['q'], results: [{ file_id: 'f', text: 't', score: 0.5 }] },
      hi,
    ),
  },
  'web search': {
    tools: [
      {
        type: 'web_search',
        filters: { allowed_domains: ['a.org'] },
        user_location: { type: 'approximate', city: 'x' },
        search_context_size: 'low',
      },
    ],
    tool_choice: { type: 'web_search' },
    ...ask(
      { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } },
      answer([
        {
          type: 'output_text',
          text: 'a',
          annotations: [{ type: 'url_citation', start_index: 0, end_index: 1, url: 'https://a', title: 't' }],
        },
      ]),
      hi,
    ),
  },
  'web search, preview': { tools: [{ type: 'web_search_preview' }], tool_choice: { type: 'web_search_preview' } },
  code: {
    tools: [{ type: 'code_interpreter', container: { type: 'auto' } }],
    tool_choice: { type: 'code_interpreter' },
    ...ask(
      {
        type: 'code_interpreter_call',
        id: 'ci_1',
        status: 'completed',
        code: '1',
        container_id: 'c',
        outputs: [{ type: 'logs', logs: 'l' }],
      },
      hi,
    ),
  },
  'code without outputs': {
    tools: [{ type: 'code_interpreter', container: 'c' }],
    ...ask({ type: 'code_interpreter_call', id: 'ci_1', status: 'completed', code: '1', container_id: 'c', outputs: [] }, hi),
  },
  'a drawn picture': {
    tools: [{ type: 'image_generation', quality: 'low', size: '1024x1024', partial_images: 1 }],
    tool_choice: { type: 'image_generation' },
    ...ask({ type: 'image_generation_call', id: 'ig_1', status: 'completed', result: png }, hi),
  },
  'an MCP server': {
    tools: [{ type: 'mcp', server_label: 'm', server_url: 'https://m', require_approval: 'never', allowed_tools: ['t'] }],
    tool_choice: { type: 'mcp', server_label: 'm' },
    ...ask(
      { type: 'mcp_list_tools', id: 'mcpl_1', server_label: 'm', tools: [{ name: 't', input_schema: {} }] },
      { type: 'mcp_call', id: 'mcp_1', server_label: 'm', name: 't', arguments: '{}', output: 'x' },
      {
        type: 'mcp_call',
        id: 'mcp_2',
        server_label: 'm',
        name: 't',
        arguments: '{}',
        error: { type: 'mcp_protocol_error', code: 1, message: 'no' },
      },
      hi,
    ),
  },
  'one tool of an MCP server': {
    tools: [{ type: 'mcp', server_label: 'm', server_url: 'https://m' }],
    tool_choice: { type: 'mcp', server_label: 'm', name: 't' },
  },
  'an approval': {
    tools: [{ type: 'mcp', server_label: 'm', server_url: 'https://m' }],
    ...ask(
      { type: 'mcp_approval_request', id: 'mcpr_1', server_label: 'm', name: 't', arguments: '{}' },
      { type: 'mcp_approval_response', approval_request_id: 'mcpr_1', approve: true },
    ),
  },
  'an approval that is denied': {
    tools: [{ type: 'mcp', server_label: 'm', server_url: 'https://m' }],
    ...ask(
      { type: 'mcp_approval_request', id: 'mcpr_1', server_label: 'm', name: 't', arguments: '{}' },
      { type: 'mcp_approval_response', approval_request_id: 'mcpr_1', approve: false, reason: 'no' },
    ),
  },
  'a computer': {
    tools: [{ type: 'computer_use_preview', display_width: 1, display_height: 1, environment: 'browser' }],
    truncation: 'auto',
    ...ask(
      {
        type: 'computer_call',
        id: 'cu_1',
        call_id: 'c1',
        status: 'completed',
        action: { type: 'click', button: 'left', x: 1, y: 1 },
        pending_safety_checks: [{ id: 's', code: 'c', message: 'm' }],
      },
      {
        type: 'computer_call_output',
        call_id: 'c1',
        output: { type: 'computer_screenshot', image_url: `data:image/png;base64,${png}` },
        acknowledged_safety_checks: [{ id: 's', code: 'c', message: 'm' }],
      },
    ),
  },
  'a local shell': {
    tools: [{ type: 'local_shell' }],
    ...ask(
      { type: 'local_shell_call', id: 'ls_1', call_id: 'c1', status: 'completed', action: { type: 'exec', command: ['ls'], env: {} } },
      { type: 'local_shell_call_output', id: 'c1', output: 'x' },
    ),
  },
  'a shell': {
    tools: [{ type: 'shell', environment: { type: 'local' } }],
    tool_choice: { type: 'shell' },
    ...ask(
      { type: 'shell_call', id: 'sh_1', call_id: 'c1', status: 'completed', action: { commands: ['ls'], timeout_ms: 5 } },
      { type: 'shell_call_output', call_id: 'c1', output: [{ stdout: 'x', stderr: '', outcome: { type: 'exit', exit_code: 0 } }] },
    ),
  },
  'a shell output with its limit': {
    tools: [{ type: 'shell', environment: { type: 'local' } }],
    ...ask(
      { type: 'shell_call', id: 'sh_1', call_id: 'c1', status: 'completed', action: { commands: ['ls'], max_output_length: 9 } },
      {
        type: 'shell_call_output',
        call_id: 'c1',
        max_output_length: 9,
        output: [{ stdout: 'x', stderr: '', outcome: { type: 'timeout' } }],
      },
    ),
  },
  'a patch': {
    tools: [{ type: 'apply_patch' }],
    tool_choice: { type: 'apply_patch' },
    ...ask(
      { type: 'apply_patch_call', id: 'ap_1', call_id: 'c1', status: 'completed', operation: { type: 'delete_file', path: 'a' } },
      { type: 'apply_patch_call_output', call_id: 'c1', status: 'completed', output: 'ok' },
    ),
  },
  'a call, its thinking, its result': {
    model: 'gpt-5',
    store: false,
    include: ['reasoning.encrypted_content'],
    tools: [fn()],
    ...ask(thought, called, { type: 'function_call_output', call_id: 'c1', output: 'x' }),
  },
  'a result in parts': {
    tools: [fn()],
    ...ask(called, {
      type: 'function_call_output',
      call_id: 'c1',
      output: [
        { type: 'input_text', text: 'a' },
        { type: 'input_image', image_url: `data:image/png;base64,${png}`, detail: 'auto' },
        { type: 'input_file', filename: 'a.pdf', file_data: `data:application/pdf;base64,${png}` },
      ],
    }),
  },
  'a result with its id and status': {
    tools: [fn()],
    ...ask(called, { type: 'function_call_output', id: 'fco_1', status: 'completed', call_id: 'c1', output: 'x' }),
  },
  'an empty result': { tools: [fn()], ...ask(called, { type: 'function_call_output', call_id: 'c1', output: '' }) },
  'arguments that are none': {
    tools: [fn()],
    ...ask({ ...called, arguments: '' }, { type: 'function_call_output', call_id: 'c1', output: 'x' }),
  },
  'arguments that are no JSON': {
    tools: [fn()],
    ...ask({ ...called, arguments: '{"a":' }, { type: 'function_call_output', call_id: 'c1', output: 'x' }),
  },
  'two calls and results': {
    tools: [fn()],
    ...ask(
      called,
      { ...called, id: 'fc_2', call_id: 'c2' },
      { type: 'function_call_output', call_id: 'c1', output: 'x' },
      { type: 'function_call_output', call_id: 'c2', output: 'y' },
    ),
  },
  'a call, a result, a call, a result': {
    tools: [fn()],
    ...ask(
      called,
      { type: 'function_call_output', call_id: 'c1', output: 'x' },
      { ...called, id: 'fc_2', call_id: 'c2' },
      { type: 'function_call_output', call_id: 'c2', output: 'y' },
    ),
  },
  'answers with ids, phases, refusals': {
    ...ask(
      answer([{ type: 'output_text', text: 'a', annotations: [], logprobs: [] }], { phase: 'commentary' }),
      answer([{ type: 'refusal', refusal: 'no' }], { id: 'msg_2' }),
      hi,
    ),
  },
  'answers as texts': {
    ...ask({ role: 'assistant', content: 'a' }, hi, { role: 'assistant', content: [{ type: 'output_text', text: 'b' }] }, hi),
  },
  files: {
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_file', file_id: 'f' },
          { type: 'input_file', file_url: 'https://a/b.pdf' },
          { type: 'input_file', filename: 'a.pdf', file_data: `data:application/pdf;base64,${png}` },
          { type: 'input_image', file_id: 'g', detail: 'auto' },
          { type: 'input_image', image_url: 'https://a/b.png', detail: 'high' },
          { type: 'input_text', text: 'x' },
        ],
      },
    ],
  },
  'a reference to an item': { ...ask({ type: 'item_reference', id: 'msg_1' }, hi) },
  'a compaction': { ...ask({ type: 'compaction', id: 'cmp_1', encrypted_content: 'e' }, hi) },
  'context management': { context_management: [{ type: 'compaction', compact_threshold: 1000 }] },
  'a tool search': {
    tools: [{ type: 'tool_search', execution: 'client', description: 'd', parameters: {} }],
    ...ask(
      { type: 'tool_search_call', id: 'ts_1', call_id: 'c1', execution: 'client', status: 'completed', arguments: { q: 'x' } },
      { type: 'tool_search_output', call_id: 'c1', execution: 'client', status: 'completed', tools: [fn()] },
    ),
  },
}

const cache_control = { type: 'ephemeral' }
const use = (id = 'toolu_1', more: Fields = {}): Fields => ({ type: 'tool_use', id, name: 'a', input: { city: 'x' }, ...more })
const gives = (id = 'toolu_1', more: Fields = {}): Fields => ({ type: 'tool_result', tool_use_id: id, content: 'x', ...more })
const claudeTool = { name: 'a', description: 'd', input_schema: parameters }
const turns = (...messages: Fields[]): Fields => ({ messages: [hi, ...messages], tools: [claudeTool] })
const user = (...content: Fields[]): Fields => ({ role: 'user', content })
const claude = (...content: Fields[]): Fields => ({ role: 'assistant', content })

const messagesBodies: Readonly<Record<string, Fields>> = {
  'every setting': {
    temperature: 0.5,
    top_k: 3,
    stop_sequences: ['a'],
    metadata: { user_id: 'u' },
    service_tier: 'auto',
    system: 's',
    container: 'c',
    inference_geo: 'us',
    stream: true,
  },
  'a nucleus': { top_p: 0.5 },
  'instructions with marks': {
    system: [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b', cache_control: { type: 'ephemeral', ttl: '1h' } },
    ],
  },
  'marks everywhere': {
    messages: [
      user({ type: 'text', text: 'a', cache_control }),
      claude({ type: 'text', text: 'b' }, use('toolu_1', { cache_control })),
      user(gives('toolu_1', { cache_control })),
    ],
    tools: [{ ...claudeTool, cache_control }],
    cache_control,
  },
  'any tool, one at a time': { tools: [claudeTool], tool_choice: { type: 'any', disable_parallel_tool_use: true } },
  'auto, one at a time': { tools: [claudeTool], tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
  'one tool': { tools: [claudeTool], tool_choice: { type: 'tool', name: 'a', disable_parallel_tool_use: false } },
  'no tool': { tools: [claudeTool], tool_choice: { type: 'none' } },
  'tools of all kinds': {
    tools: [
      { name: 'b', input_schema: { type: 'object' } },
      { ...claudeTool, strict: true },
      { ...claudeTool, name: 'e', input_examples: [{ city: 'x' }], defer_loading: true, allowed_callers: ['direct'] },
      {
        type: 'web_search_20250305',
        name: 'web_search',
        max_uses: 2,
        allowed_domains: ['a.org'],
        user_location: { type: 'approximate', city: 'x' },
      },
      { type: 'web_fetch_20250910', name: 'web_fetch', citations: { enabled: true }, max_content_tokens: 9 },
      { type: 'code_execution_20250825', name: 'code_execution' },
      { type: 'bash_20250124', name: 'bash' },
      { type: 'text_editor_20250728', name: 'str_replace_based_edit_tool', max_characters: 9 },
      { type: 'memory_20250818', name: 'memory' },
      { type: 'tool_search_tool_regex_20251119', name: 'tool_search_tool_regex' },
    ],
  },
  'an MCP server': { mcp_servers: [{ type: 'url', url: 'https://m', name: 'm' }], tools: [{ type: 'mcp_toolset', mcp_server_name: 'm' }] },
  'thinking by tokens': { model: 'claude-sonnet-4-5', thinking: { type: 'enabled', budget_tokens: 2000 }, max_tokens: 4000 },
  'thinking off': { model: 'claude-sonnet-4-5', thinking: { type: 'disabled' } },
  'thinking as it likes': {
    model: 'claude-opus-4-8',
    thinking: { type: 'adaptive', display: 'summarized' },
    output_config: { effort: 'low' },
  },
  'effort alone': { model: 'claude-opus-4-5', output_config: { effort: 'medium' } },
  'a schema': { output_config: { format: { type: 'json_schema', schema: parameters } } },
  'an edited context': { context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] } },
  'thinking before a call': {
    model: 'claude-sonnet-4-5',
    thinking: { type: 'enabled', budget_tokens: 2000 },
    max_tokens: 4000,
    ...turns(
      claude(
        { type: 'thinking', thinking: 't', signature: 's' },
        { type: 'redacted_thinking', data: 'd' },
        { type: 'text', text: 'a' },
        use(),
      ),
      user(gives()),
    ),
  },
  'thinking without words': {
    model: 'claude-sonnet-4-5',
    thinking: { type: 'enabled', budget_tokens: 2000 },
    max_tokens: 4000,
    ...turns(claude({ type: 'thinking', thinking: '', signature: 's' }, use()), user(gives())),
  },
  'results of all kinds': turns(
    claude(use('toolu_1'), use('toolu_2'), use('toolu_3'), use('toolu_4'), use('toolu_5')),
    user(
      gives('toolu_1', { content: undefined }),
      gives('toolu_2', { is_error: true }),
      gives('toolu_3', {
        content: [
          { type: 'text', text: 'a' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } },
        ],
      }),
      gives('toolu_4', {
        content: [
          {
            type: 'document',
            source: { type: 'text', media_type: 'text/plain', data: 'd' },
            title: 't',
            context: 'c',
            citations: { enabled: true },
          },
        ],
      }),
      gives('toolu_5', {
        content: [
          { type: 'search_result', source: 'https://a', title: 't', content: [{ type: 'text', text: 'x' }], citations: { enabled: true } },
        ],
      }),
      { type: 'text', text: 'go on' },
    ),
  ),
  'an error in blocks': turns(claude(use()), user(gives('toolu_1', { is_error: true, content: [{ type: 'text', text: 'no' }] }))),
  'an error in several blocks': turns(
    claude(use()),
    user(
      gives('toolu_1', {
        is_error: true,
        content: [
          { type: 'text', text: 'no' },
          { type: 'text', text: 'not at all' },
        ],
      }),
    ),
  ),
  'an error without words': turns(claude(use()), user(gives('toolu_1', { is_error: true, content: '' }))),
  'an empty result': turns(claude(use()), user(gives('toolu_1', { content: '' }))),
  'an empty list of a result': turns(claude(use()), user(gives('toolu_1', { content: [] }))),
  'a reference to a tool': turns(claude(use()), user(gives('toolu_1', { content: [{ type: 'tool_reference', tool_name: 'a' }] }))),
  'a call without input': turns(claude(use('toolu_1', { input: {} })), user(gives())),
  'media of all kinds': {
    messages: [
      user(
        { type: 'image', source: { type: 'url', url: 'https://a/b.png' } },
        { type: 'image', source: { type: 'file', file_id: 'f' } },
        { type: 'image', source: { type: 'base64', media_type: 'image/webp', data: png }, cache_control },
        { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: png }, title: 't' },
        { type: 'document', source: { type: 'url', url: 'https://a/b.pdf' }, citations: { enabled: true } },
        { type: 'document', source: { type: 'file', file_id: 'g' }, context: 'c' },
        { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'grün' }, citations: { enabled: true } },
        { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'x' }] } },
        { type: 'container_upload', file_id: 'h' },
        { type: 'search_result', source: 'https://a', title: 't', content: [{ type: 'text', text: 'x' }] },
        { type: 'text', text: 'q' },
      ),
    ],
  },
  'a search in the history': turns(
    claude(
      { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'q' } },
      {
        type: 'web_search_tool_result',
        tool_use_id: 'srvtoolu_1',
        content: [{ type: 'web_search_result', url: 'https://a', title: 't', encrypted_content: 'e', page_age: null }],
      },
      {
        type: 'text',
        text: 'a',
        citations: [{ type: 'web_search_result_location', cited_text: 'c', encrypted_index: 'i', title: 't', url: 'https://a' }],
      },
    ),
    hi,
  ),
  'a search that failed': turns(
    claude(
      { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'q' } },
      {
        type: 'web_search_tool_result',
        tool_use_id: 'srvtoolu_1',
        content: { type: 'web_search_tool_result_error', error_code: 'unavailable' },
      },
      { type: 'text', text: 'a' },
    ),
    hi,
  ),
  'code in the history': turns(
    claude(
      { type: 'server_tool_use', id: 'srvtoolu_1', name: 'bash_code_execution', input: { command: 'ls' } },
      {
        type: 'bash_code_execution_tool_result',
        tool_use_id: 'srvtoolu_1',
        content: { type: 'bash_code_execution_result', stdout: 'x', stderr: '', return_code: 0, content: [] },
      },
      { type: 'text', text: 'a' },
    ),
    hi,
  ),
  'an MCP call in the history': turns(
    claude(
      { type: 'mcp_tool_use', id: 'mcptoolu_1', name: 't', server_name: 'm', input: {} },
      { type: 'mcp_tool_result', tool_use_id: 'mcptoolu_1', is_error: false, content: [{ type: 'text', text: 'x' }] },
      { type: 'text', text: 'a' },
    ),
    hi,
  ),
  'a call made by code': turns(
    claude(
      { type: 'server_tool_use', id: 'srvtoolu_1', name: 'code_execution', input: { code: 'x' } },
      use('toolu_1', { caller: { type: 'code_execution_20250825', tool_id: 'srvtoolu_1' } }),
    ),
    user(gives()),
  ),
  'an answer that goes on': { messages: [hi, claude({ type: 'text', text: 'I think' })] },
  'a paused turn': turns(
    claude({ type: 'text', text: 'a' }, { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'q' } }),
  ),
  'two turns of one role': {
    messages: [hi, { role: 'user', content: 'there' }, { role: 'assistant', content: 'a' }, { role: 'assistant', content: 'b' }, hi],
  },
  'a compaction': { messages: [hi, claude({ type: 'compaction', content: 'c' }, { type: 'text', text: 'a' }), hi] },
  'cited documents in the history': {
    messages: [
      hi,
      claude(
        { type: 'text', text: 'a' },
        {
          type: 'text',
          text: 'b',
          citations: [
            { type: 'char_location', cited_text: 'c', document_index: 0, document_title: null, start_char_index: 0, end_char_index: 1 },
          ],
        },
      ),
      hi,
    ],
  },
  'a system message between': {
    model: 'claude-opus-4-8',
    messages: [hi, { role: 'system', content: 's' }, { role: 'assistant', content: 'a' }, hi],
  },
  'a system message between, for an older model': { messages: [hi, { role: 'assistant', content: 'a' }, hi], system: '' },
  nulls: { system: null, temperature: null, tools: null, tool_choice: null, stop_sequences: null, thinking: null, metadata: null },
  'the schema of a beta': { output_format: { type: 'json_schema', schema: parameters } },
  'fields of a beta': { user_profile_id: 'u', speed: 'fast' },
}

const gTool = { functionDeclarations: [{ name: 'a', description: 'd', parametersJsonSchema: parameters }] }
const gUser = (...parts: Fields[]): Fields => ({ role: 'user', parts })
const gModel = (...parts: Fields[]): Fields => ({ role: 'model', parts })
const gHi = gUser({ text: 'hi' })
const gCall = (more: Fields = {}, beside: Fields = {}): Fields => ({ functionCall: { name: 'a', args: { city: 'x' }, ...more }, ...beside })
const gGives = (more: Fields = {}): Fields => ({ functionResponse: { name: 'a', response: { output: 'x' }, ...more } })
const gTurns = (...contents: Fields[]): Fields => ({ contents: [gHi, ...contents], tools: [gTool] })

const geminiBodies: Readonly<Record<string, Fields>> = {
  'every setting': {
    generationConfig: {
      maxOutputTokens: 5,
      temperature: 0,
      topP: 0.5,
      topK: 3,
      stopSequences: ['a'],
      seed: 1,
      candidateCount: 2,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      responseLogprobs: true,
      logprobs: 2,
      mediaResolution: 'MEDIA_RESOLUTION_LOW',
      audioTimestamp: true,
      enableEnhancedCivicAnswers: true,
    },
    safetySettings: [{ category: 'HARM_CATEGORY_HATE_SPEECH', threshold: 'BLOCK_NONE' }],
    cachedContent: 'cachedContents/a',
    labels: { a: 'b' },
    store: true,
    serviceTier: 'flex',
  },
  'snake case': {
    system_instruction: { parts: [{ text: 's' }] },
    generation_config: { max_output_tokens: 5, thinking_config: { include_thoughts: true, thinking_budget: 100 } },
    safety_settings: [],
  },
  'a system as a text, contents as one': { systemInstruction: { parts: { text: 's' } }, contents: { parts: { text: 'hi' } } },
  'no role': { contents: [{ parts: [{ text: 'hi' }] }] },
  'schema of OpenAPI': {
    generationConfig: {
      responseMimeType: 'application/json',
      responseSchema: {
        type: 'OBJECT',
        properties: { a: { type: 'STRING', nullable: true }, b: { type: 'ARRAY', items: { type: 'INTEGER' } } },
        required: ['a'],
      },
    },
  },
  'schema of JSON Schema': { generationConfig: { responseMimeType: 'application/json', responseJsonSchema: parameters } },
  'any JSON': { generationConfig: { responseMimeType: 'application/json' } },
  'an enum': { generationConfig: { responseMimeType: 'text/x.enum', responseSchema: { type: 'STRING', enum: ['a', 'b'] } } },
  'a schema without a mime type': { generationConfig: { responseSchema: { type: 'OBJECT', properties: { a: { type: 'STRING' } } } } },
  'thinking, by tokens': { generationConfig: { thinkingConfig: { thinkingBudget: 0 } } },
  'thinking, as much as it likes': { generationConfig: { thinkingConfig: { thinkingBudget: -1, includeThoughts: true } } },
  'thinking, shown only': { generationConfig: { thinkingConfig: { includeThoughts: false } } },
  pictures: { generationConfig: { responseModalities: ['TEXT', 'IMAGE'], imageConfig: { aspectRatio: '16:9' } } },
  speech: {
    generationConfig: { responseModalities: ['AUDIO'], speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } } } },
  },
  'functions with OpenAPI schemas': {
    tools: [
      {
        functionDeclarations: [
          { name: 'a', description: 'd', parameters: { type: 'OBJECT', properties: { a: { type: 'STRING', description: 'd' } } } },
          { name: 'b' },
          { name: 'c', description: 'd', parametersJsonSchema: parameters, response: { type: 'OBJECT' }, behavior: 'BLOCKING' },
        ],
      },
    ],
  },
  'hosted tools': { tools: [{ googleSearch: {} }, { urlContext: {} }, { codeExecution: {} }] },
  'old hosted tools': {
    tools: [
      { googleSearchRetrieval: { dynamicRetrievalConfig: { mode: 'MODE_DYNAMIC', dynamicThreshold: 0.3 } } },
      { googleMaps: {} },
      { fileSearch: { fileSearchStoreNames: ['a'] } },
      { computerUse: { environment: 'ENVIRONMENT_BROWSER' } },
    ],
    toolConfig: { retrievalConfig: { languageCode: 'en' } },
  },
  'hosted tools in one object': { tools: [{ googleSearch: {}, urlContext: {} }] },
  auto: { tools: [gTool], toolConfig: { functionCallingConfig: { mode: 'AUTO' } } },
  none: { tools: [gTool], toolConfig: { functionCallingConfig: { mode: 'NONE' } } },
  any: { tools: [gTool], toolConfig: { functionCallingConfig: { mode: 'ANY' } } },
  'any of some': {
    tools: [{ functionDeclarations: [{ name: 'a' }, { name: 'b' }] }],
    toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['a', 'b'] } },
  },
  one: { tools: [gTool], toolConfig: { functionCallingConfig: { mode: 'any', allowedFunctionNames: ['a'] } } },
  validated: { tools: [gTool], toolConfig: { functionCallingConfig: { mode: 'VALIDATED' } } },
  'validated, some': { tools: [gTool], toolConfig: { functionCallingConfig: { mode: 'VALIDATED', allowedFunctionNames: ['a'] } } },
  'an unsaid mode': { tools: [gTool], toolConfig: { functionCallingConfig: { mode: 'MODE_UNSPECIFIED' } } },
  media: {
    contents: [
      gUser(
        { inlineData: { mimeType: 'image/png', data: png } },
        { fileData: { fileUri: 'https://a/b.pdf', mimeType: 'application/pdf' } },
        { fileData: { fileUri: 'https://youtu.be/x' } },
        { fileData: { fileUri: 'gs://a/b.mp4', mimeType: 'video/mp4' }, videoMetadata: { startOffset: '1s', fps: 2 } },
        { inlineData: { mimeType: 'audio/wav', data: png } },
        { inlineData: { mimeType: 'image/png', data: png }, mediaResolution: { level: 'MEDIA_RESOLUTION_HIGH' } },
        { text: 'x' },
      ),
    ],
  },
  'a signed call': gTurns(gModel(gCall({}, { thoughtSignature: 'c2ln' })), gUser(gGives())),
  'calls side by side': gTurns(
    gModel(gCall({}, { thoughtSignature: 'c2ln' }), gCall()),
    gUser(gGives(), gGives({ response: { output: 'y' } })),
  ),
  'calls with ids': gTurns(gModel(gCall({ id: 'i1' }, { thoughtSignature: 'c2ln' })), gUser(gGives({ id: 'i1' }))),
  'a response of the role function': gTurns(gModel(gCall()), { role: 'function', parts: [gGives()] }),
  'a response that is an error': gTurns(gModel(gCall()), gUser(gGives({ response: { error: 'no' } }))),
  'a response with an error that is an object': gTurns(gModel(gCall()), gUser(gGives({ response: { error: { code: 1 } } }))),
  'an empty response': gTurns(gModel(gCall()), gUser(gGives({ response: {} }))),
  'a response with media': gTurns(
    gModel(gCall()),
    gUser(gGives({ response: { output: 'x' }, parts: [{ inlineData: { mimeType: 'image/png', data: png } }] })),
  ),
  'a response that comes later': gTurns(gModel(gCall()), gUser(gGives({ willContinue: true, scheduling: 'WHEN_IDLE' }))),
  'a response and more': gTurns(gModel(gCall()), gUser(gGives(), { text: 'go on' })),
  'a call without args': gTurns(gModel({ functionCall: { name: 'a' } }), gUser(gGives())),
  'a signed text, a signed nothing': {
    contents: [gHi, gModel({ text: 'a', thoughtSignature: 'c2ln' }, { text: '', thoughtSignature: 'c2lo' }), gHi],
  },
  thoughts: { contents: [gHi, gModel({ text: 't', thought: true }, { text: 'a' }), gHi] },
  'thoughts that are signed': { contents: [gHi, gModel({ text: 't', thought: true, thoughtSignature: 'c2ln' }, { text: 'a' }), gHi] },
  'code in the history': {
    tools: [{ codeExecution: {} }],
    contents: [
      gHi,
      gModel(
        { executableCode: { language: 'PYTHON', code: '1' } },
        { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1' } },
        { text: 'a' },
      ),
      gHi,
    ],
  },
  'hosted calls in the history': {
    tools: [{ googleSearch: {} }],
    contents: [
      gHi,
      gModel(
        { toolCall: { toolType: 'GOOGLE_SEARCH_WEB', args: { queries: ['q'] }, id: 'i' }, thoughtSignature: 'c2ln' },
        { toolResponse: { toolType: 'GOOGLE_SEARCH_WEB', response: {}, id: 'i' } },
        { text: 'a' },
      ),
      gHi,
    ],
  },
  'a picture in the history': {
    contents: [gHi, gModel({ inlineData: { mimeType: 'image/png', data: png }, thoughtSignature: 'c2ln' }), gHi],
  },
  'metadata of a part': { contents: [gUser({ text: 'a', partMetadata: { my_key: 1 } })] },
  'an empty text': { contents: [gUser({ text: '' }, { text: 'x' })] },
  'two of one role': { contents: [gHi, gHi, gModel({ text: 'a' }), gModel({ text: 'b' }), gHi] },
  'an answer that goes on': { contents: [gHi, gModel({ text: 'a' })] },
  nulls: { systemInstruction: null, tools: null, toolConfig: null, generationConfig: { temperature: null } },
}

const geminiAt = 'https://generativelanguage.googleapis.com/v1beta/models/gemini-3-flash-preview:generateContent'

const perplexityFiles = {
  role: 'user',
  content: [
    { type: 'text', text: 'read' },
    { type: 'file_url', file_url: { url: png }, file_name: 'a.pdf' },
    { type: 'file_url', file_url: { url: 'https://example.com/b.pdf' }, file_name: 'b.pdf' },
  ],
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
  for (const [api, provider, name, body] of dialectBodies) check(chat, one(api, provider, name, { model: 'm', messages: [hi], ...body }))
  check(chat, one('perplexity.chat', 'perplexity', 'documents', { model: 'm', messages: [perplexityFiles] }))
  for (const [name, body] of Object.entries(responsesBodies))
    check(responses, one('openai.responses', 'openai', name, { model: 'gpt-5', input: [hi], ...body }))
  for (const [name, body] of Object.entries(messagesBodies))
    check(messages, one('anthropic.messages', 'anthropic', name, { model: 'claude-haiku-4-5', max_tokens: 100, messages: [hi], ...body }))
  for (const [name, body] of Object.entries(cohereBodies)) check(cohereWire, one('cohere.v2.chat', 'cohere', name, asCohere(body)))
  for (const [name, body] of Object.entries(bedrockBodies))
    check(bedrockWire, one('bedrock.converse', 'bedrock', name, body, 'https://example.com/model/us.anthropic.claude-haiku-4-5/converse'))
  for (const operation of ['invoke', 'invoke-with-response-stream'])
    check(
      bedrockWire,
      one(
        `bedrock.${operation}`,
        'bedrock',
        'Claude by its own API',
        {
          anthropic_version: 'bedrock-2023-05-31',
          max_tokens: 9,
          system: 's',
          temperature: 0.5,
          messages: [hi, said({ content: 'a' }), hi],
        },
        `https://example.com/model/anthropic.claude-3-sonnet-20240229-v1%3A0/${operation}`,
      ),
    )
  for (const [name, body] of Object.entries(geminiBodies))
    check(geminiWire, one('generateContent', 'gemini', name, { contents: [gHi], ...body }, geminiAt))
})
/** Every body that differs from `body` in one place, where a field is missing or null. */
function* lacking(body: Fields): Generator<{ body: Fields; at: string }> {
  const paths: (string | number)[][] = []
  const walk = (value: unknown, path: (string | number)[]): void => {
    if (typeof value !== 'object' || value === null || path.length > 7) return
    for (const key of Object.keys(value)) {
      paths.push([...path, key])
      walk((value as Fields)[key], [...path, key])
    }
  }
  walk(body, [])
  for (const path of paths)
    for (const change of ['no', 'null'] as const) {
      const copy = structuredClone(body)
      let inner = copy as Record<string | number, unknown>
      for (const key of path.slice(0, -1)) inner = inner[key] as Fields
      const key = path.at(-1)!
      if (change === 'null') inner[key] = null
      else if (Array.isArray(inner)) inner.splice(Number(key), 1)
      else delete inner[key]
      yield { body: copy, at: `${change} ${path.join('.')}` }
    }
}

describe.skipIf(!recorded)('a request that lacks a field, or has null in it', () => {
  const tables: readonly (readonly [Wire, readonly Recording[]])[] = [
    [chat, Object.entries(chatBodies).map(([name, body]) => one('openai.chat', 'openai', name, asChat(body)))],
    [chat, dialectBodies.map(([api, provider, name, body]) => one(api, provider, name, { model: 'm', messages: [hi], ...body }))],
    [
      responses,
      Object.entries(responsesBodies).map(([name, body]) =>
        one('openai.responses', 'openai', name, { model: 'gpt-5', input: [hi], ...body }),
      ),
    ],
    [
      messages,
      Object.entries(messagesBodies).map(([name, body]) =>
        one('anthropic.messages', 'anthropic', name, { model: 'claude-haiku-4-5', max_tokens: 100, messages: [hi], ...body }),
      ),
    ],
    [
      geminiWire,
      Object.entries(geminiBodies).map(([name, body]) => one('generateContent', 'gemini', name, { contents: [gHi], ...body }, geminiAt)),
    ],
    [cohereWire, Object.entries(cohereBodies).map(([name, body]) => one('cohere.v2.chat', 'cohere', name, asCohere(body)))],
  ]
  for (const [wire, table] of tables)
    test(`${wire.name}: it is read, and compared: ${table[0]!.api}`, () => {
      const thrown = new Map<string, string>()
      let tried = 0
      for (const recording of table)
        for (const { body, at } of lacking(recording.request.body!)) {
          tried++
          try {
            const lame = { ...recording, request: { ...recording.request, body } }
            wire.parse(lame)
            const copy = structuredClone(body)
            for (const { apply } of wire.normalise) apply(copy, lame)
          } catch (error) {
            thrown.set(
              `${recording.id}: ${at}`,
              String((error as Error).stack)
                .split('\n')
                .slice(0, 3)
                .join(' '),
            )
          }
        }
      console.log(`wire: ${wire.name}: ${tried} requests with a gap`)
      expect(Object.fromEntries(thrown)).toEqual({})
      expect(tried).toBeGreaterThan(400)
    }, 60_000)
})

describe('an error that no recording holds', () => {
  const said = (message: string, more: Fields = {}): Fields => ({ error: { message, ...more } })
  const preset = (known: Preset) => (fetch: typeof globalThis.fetch) => openaiCompatible(known, { fetch })('m')
  const plain = (fetch: typeof globalThis.fetch): Model => openaiChat('m', { fetch })
  const claude = (fetch: typeof globalThis.fetch): Model => anthropic('claude-haiku-4-5', { fetch })
  const google = (fetch: typeof globalThis.fetch): Model => gemini('gemini-3-flash-preview', { fetch })
  const newest = (fetch: typeof globalThis.fetch): Model => openai('gpt-5', { fetch })
  test.each<
    [
      name: string,
      make: (fetch: typeof globalThis.fetch) => Model,
      status: number,
      body: unknown,
      code: string,
      retryable: boolean,
      retryAfter?: number,
    ]
  >([
    ['no quota', plain, 429, said('You exceeded your current quota', { code: 'insufficient_quota' }), 'model/quota', false],
    [
      'a limit with its wait in words',
      plain,
      429,
      said('Rate limit reached. Please try again in 6.5s.', { code: 'rate_limit_exceeded' }),
      'model/rate',
      true,
      6500,
    ],
    [
      'a filter of Azure',
      preset(azure('r')),
      400,
      said('filtered', { code: 'content_filter', innererror: { code: 'ResponsibleAIPolicyViolation' } }),
      'model/filtered',
      false,
    ],
    ['a page of a proxy', plain, 502, '<html>', 'model/http', true],
    [
      'no capacity, of Mistral',
      preset(presets.mistral),
      429,
      { object: 'error', message: 'Service tier capacity exceeded', code: '3505' },
      'model/rate',
      true,
    ],
    [
      'too long, of Mistral',
      preset(presets.mistral),
      400,
      { message: 'Prompt contains 2 tokens, too large for model with 1 maximum context length' },
      'model/context',
      false,
    ],
    [
      'a field that is wrong, of Mistral',
      preset(presets.mistral),
      422,
      { detail: [{ loc: ['body'], msg: 'x', type: 'y' }] },
      'model/request',
      false,
    ],
    [
      'too long, of TGI',
      preset(presets.huggingface),
      422,
      { error: 'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 1', error_type: 'validation' },
      'model/context',
      false,
    ],
    [
      'a model that loads',
      preset(presets.huggingface),
      503,
      { error: 'Model is loading', estimated_time: 20 },
      'model/overloaded',
      true,
      20_000,
    ],
    [
      'too long, of Together',
      preset(presets.together),
      422,
      said('`inputs` tokens + `max_new_tokens` must be <= 4097'),
      'model/context',
      false,
    ],
    [
      'no capacity, of Cloudflare',
      preset(workersAi('a')),
      429,
      { errors: [{ code: 3040, message: 'Capacity temporarily exceeded' }], success: false },
      'model/overloaded',
      true,
    ],
    [
      'no neurons left',
      preset(workersAi('a')),
      429,
      { errors: [{ code: 4006, message: 'you have used up your daily free allocation' }] },
      'model/quota',
      false,
    ],
    [
      'no such model, of Cloudflare',
      preset(workersAi('a')),
      400,
      { errors: [{ code: 5007, message: 'No such model' }] },
      'model/unknown',
      false,
    ],
    [
      'a code of Cloudflare that is not known',
      preset(workersAi('a')),
      400,
      { errors: [{ code: 50070, message: 'x' }] },
      'model/request',
      false,
    ],
    [
      'a wrong key, of xAI',
      preset(presets.xai),
      400,
      { code: 'Client specified an invalid argument', error: 'Incorrect API key provided: k' },
      'model/auth',
      false,
    ],
    ['no balance, of DeepSeek', preset(presets.deepseek), 402, said('Insufficient Balance'), 'model/quota', false],
    ['no balance, of Z.ai', preset(presets.zai), 429, said('Insufficient balance', { code: '1113' }), 'model/quota', false],
    ['a filter of Z.ai', preset(presets.zai), 400, said('unsafe', { code: '1301' }), 'model/filtered', false],
    ['a limit of Z.ai', preset(presets.zai), 429, said('too many', { code: '1302' }), 'model/rate', true],
    [
      'a filter of Alibaba',
      preset(presets.alibaba),
      400,
      said('Input data may contain inappropriate content.', { code: 'data_inspection_failed' }),
      'model/filtered',
      false,
    ],
    [
      'an overloaded engine',
      preset(presets.moonshot),
      429,
      said('The engine is currently overloaded', { type: 'engine_overloaded_error' }),
      'model/overloaded',
      true,
    ],
    [
      'a minute of Gemini, in a list',
      preset(presets.gemini),
      429,
      [
        {
          error: {
            code: 429,
            message: 'You exceeded your current quota, please check your plan and billing details.',
            status: 'RESOURCE_EXHAUSTED',
            details: [{ '@type': 'x.RetryInfo', retryDelay: '34s' }],
          },
        },
      ],
      'model/rate',
      true,
      34_000,
    ],
    [
      'a wrong key of Gemini, in a list',
      preset(presets.gemini),
      400,
      [{ error: { code: 400, message: 'API key not valid. Please pass a valid API key.', status: 'INVALID_ARGUMENT' } }],
      'model/auth',
      false,
    ],
    [
      'a moderation',
      preset(presets.openrouter),
      403,
      said('requires moderation. Your input was flagged', { code: 403, metadata: { reasons: ['violence'] } }),
      'model/filtered',
      false,
    ],
    ['a slow question', preset(presets.openrouter), 408, said('timeout', { code: 408 }), 'model/http', true],
    [
      'an error with status 200',
      preset(presets.openrouter),
      200,
      said('x', { code: 429, metadata: { provider_name: 'p' } }),
      'model/rate',
      true,
    ],
    [
      'no credit, of Anthropic',
      claude,
      400,
      { type: 'error', error: { type: 'invalid_request_error', message: 'Your credit balance is too low' } },
      'model/quota',
      false,
    ],
    [
      'too long, of Anthropic',
      claude,
      400,
      { type: 'error', error: { type: 'invalid_request_error', message: 'input length and `max_tokens` exceed context limit: 1 + 2 > 3' } },
      'model/context',
      false,
    ],
    [
      'no room, of Anthropic',
      claude,
      529,
      { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
      'model/overloaded',
      true,
    ],
    [
      'too long, of Gemini',
      google,
      400,
      {
        error: {
          code: 400,
          status: 'INVALID_ARGUMENT',
          message: 'The input token count (2) exceeds the maximum number of tokens allowed (1).',
        },
      },
      'model/context',
      false,
    ],
    [
      'a limit of Gemini',
      google,
      429,
      [
        {
          error: {
            code: 429,
            status: 'RESOURCE_EXHAUSTED',
            message: 'x',
            details: [{ '@type': 't/google.rpc.RetryInfo', retryDelay: '34.5s' }],
          },
        },
      ],
      'model/rate',
      true,
      34_500,
    ],
    ['an answer before that is gone', newest, 400, said('not found', { code: 'previous_response_not_found' }), 'model/request', false],
    [
      'an answer that failed',
      newest,
      200,
      { id: 'r', status: 'failed', error: { code: 'server_error', message: 'x' }, output: [] },
      'model/http',
      true,
    ],
    ['a conversation that is in use', newest, 409, said('x', { code: 'conversation_locked' }), 'model/http', true],
  ])('%s', async (_name, make, status, body, code, retryable, retryAfter) => {
    const fetch: typeof globalThis.fetch = async () =>
      new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
    await expect(collect(make(fetch)({ messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }] }))).rejects.toMatchObject({
      code,
      retryable,
      retryAfter,
    })
  })
})

describe('an answer of Chat that no recording holds', () => {
  const read = (body: BodyInit, type: string): ReturnType<typeof collect> =>
    collect(openaiChat('m', { fetch: async () => new Response(body, { headers: { 'content-type': type } }) })({ messages: [] }))
  const whole = (message: Fields, finish_reason = 'stop'): Promise<unknown> =>
    read(JSON.stringify({ choices: [{ index: 0, message, finish_reason }] }), 'application/json')
  const stream = (...deltas: Fields[]): Promise<unknown> =>
    read(
      [...deltas.map((delta) => ({ choices: [{ delta }] })), { choices: [{ delta: {}, finish_reason: 'stop' }] }]
        .map((event) => `data: ${JSON.stringify(event)}\n\n`)
        .join(''),
      'text/event-stream',
    )

  test('a legacy function call is a call, whole and in pieces', async () => {
    const call = { type: 'call', id: expect.stringMatching(/^call_[\w-]/) as string, name: 'f', input: { a: 1 } }
    const pieces = [{ name: 'f', arguments: '' }, { arguments: '{"a"' }, { arguments: ':1}' }].map((function_call) => ({
      content: null,
      function_call,
    }))
    expect(await whole({ content: null, function_call: { name: 'f', arguments: '{"a":1}' } }, 'function_call')).toMatchObject({
      finish: 'tools',
      parts: [call],
    })
    expect(await stream(...pieces)).toMatchObject({ finish: 'tools', parts: [call] })
    expect(await whole({ content: 'a', function_call: null })).toMatchObject({ finish: 'stop', parts: [{ type: 'text', text: 'a' }] })
  })

  test('a refusal in pieces is one', async () => {
    expect(await stream({ refusal: 'I can' }, { refusal: 'not' })).toMatchObject({
      finish: 'refusal',
      parts: [{ type: 'refusal', text: 'I cannot' }],
    })
  })
})
