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

const callAndResult = (more: Fields = {}, id = 'c1'): Fields[] => [
  hi,
  said({ content: '', tool_calls: [chatCall(id, 'a', '{"city":"x"}')], ...more }),
  { role: 'tool', tool_call_id: id, content: 'x' },
]

const dialectBodies: readonly (readonly [api: string, provider: string, name: string, body: Fields])[] = [
  ['openrouter.chat', 'openrouter', 'routing and cost', { provider: { order: ['a'], allow_fallbacks: false }, models: ['a/b'], transforms: ['middle-out'], usage: { include: true }, plugins: [{ id: 'web' }], route: 'fallback', top_k: 3, top_a: 0.1, min_p: 0.1, repetition_penalty: 1.1 }],
  ['openrouter.chat', 'openrouter', 'reasoning switched on', { reasoning: { enabled: true } }],
  ['openrouter.chat', 'openrouter', 'reasoning kept back', { reasoning: { effort: 'high', exclude: true } }],
  ['openrouter.chat', 'openrouter', 'reasoning by tokens', { reasoning: { max_tokens: 2000 } }],
  ['openrouter.chat', 'openrouter', 'cache marks everywhere', {
    messages: [
      { role: 'system', content: [{ type: 'text', text: 's', cache_control: { type: 'ephemeral' } }] },
      { role: 'user', content: [{ type: 'text', text: 'hi', cache_control: { type: 'ephemeral', ttl: '1h' } }] },
      said({ content: [{ type: 'text', text: 'I look.', cache_control: { type: 'ephemeral' } }], tool_calls: [chatCall('c1', 'a', '{}')] }),
      { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }] },
    ],
    tools: [{ ...chatTool('a'), cache_control: { type: 'ephemeral' } }],
  }],
  ['openrouter.chat', 'openrouter', 'files by data and address, films, sounds', {
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
  }],
  ['openrouter.chat', 'openrouter', 'details of reasoning without its text', {
    messages: callAndResult({ reasoning_details: [{ type: 'reasoning.encrypted', data: 'x', id: 'r', format: 'openai-responses-v1', index: 0 }] }),
    tools: [chatTool('a')],
  }],
  ['openrouter.chat', 'openrouter', 'a picture is asked for', { modalities: ['image', 'text'], image_config: { aspect_ratio: '16:9' } }],
  ['mistral.chat', 'mistral', 'any tool, safe, seeded', { tools: [chatTool('a')], tool_choice: 'any', safe_prompt: true, random_seed: 7, prompt_mode: 'reasoning', stop: ['a'], n: 2 }],
  ['mistral.chat', 'mistral', 'a prefix', { messages: [hi, said({ content: 'Sure', prefix: true })] }],
  ['mistral.chat', 'mistral', 'thinking in chunks, with a call', {
    messages: callAndResult({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 't' }], closed: true }, { type: 'text', text: 'a' }] }, 'abcdefghi'),
    tools: [chatTool('a')],
  }],
  ['mistral.chat', 'mistral', 'documents and pictures as bare addresses', {
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
  }],
  ['mistral.chat', 'mistral', 'a call with an object, a result with a name', {
    messages: [hi, said({ content: '', tool_calls: [{ id: 'abcdefghi', function: { name: 'a', arguments: { city: 'x' } }, index: 0 }] }), { role: 'tool', tool_call_id: 'abcdefghi', name: 'a', content: 'x' }],
    tools: [chatTool('a')],
  }],
  ['mistral.chat', 'mistral', 'a schema', { response_format: { type: 'json_schema', json_schema: { name: 'n', schema: parameters, strict: true } } }],
  ['deepseek.chat', 'deepseek', 'thinking with a call', { messages: callAndResult({ reasoning_content: 't' }), tools: [chatTool('a')], thinking: { type: 'enabled' }, reasoning_effort: 'high' }],
  ['deepseek.chat', 'deepseek', 'thinking off, sampling, odds', { thinking: { type: 'disabled' }, temperature: 0.3, top_p: 0.9, logprobs: true, top_logprobs: 2, stop: ['x'], max_tokens: 5, frequency_penalty: 0.1 }],
  ['deepseek.chat', 'deepseek', 'an answer with thinking and no call', { messages: [hi, said({ content: 'a', reasoning_content: 't' }), hi] }],
  ['deepseek.chat', 'deepseek', 'a prefix', { messages: [hi, said({ content: 'Sure', prefix: true })] }],
  ['groq.chat', 'groq', 'reasoning and documents', { reasoning_format: 'parsed', reasoning_effort: 'low', documents: [{ source: { type: 'text', text: 'd' } }], citation_options: 'enabled', service_tier: 'auto', max_completion_tokens: 9 }],
  ['groq.chat', 'groq', 'reasoning in the history', { messages: [hi, said({ content: 'a', reasoning: 't' }), hi] }],
  ['groq.chat', 'groq', 'a hosted tool', { tools: [{ type: 'browser_search' }], tool_choice: 'required' }],
  ['groq.chat', 'groq', 'compound', { compound_custom: { tools: { enabled_tools: ['web_search'] } }, search_settings: { include_domains: ['a'] } }],
  ['ollama.openai-compat.chat', 'ollama', 'reasoning in the history', { messages: callAndResult({ reasoning: 't' }), tools: [chatTool('a')], reasoning_effort: 'none' }],
  ['ollama.openai-compat.chat', 'ollama', 'a schema and a limit', { max_tokens: 4, seed: 0, response_format: { type: 'json_schema', json_schema: { name: 'n', schema: parameters } } }],
  ['huggingface.router.chat', 'huggingface', 'the common fields', { tools: [chatTool('a')], tool_choice: 'auto', logprobs: true, top_logprobs: 1, stop: ['a'], seed: 1, response_format: { type: 'json_object' } }],
  ['perplexity.chat', 'perplexity', 'a search', { search_mode: 'academic', search_domain_filter: ['a.org'], search_recency_filter: 'week', return_images: true, return_related_questions: false, web_search_options: { search_context_size: 'low' }, search_after_date_filter: '1/1/2026', disable_search: false, top_k: 2 }],
  ['perplexity.chat', 'perplexity', 'a schema without a name', { response_format: { type: 'json_schema', json_schema: { schema: parameters } } }],
  ['azure-openai.chat', 'azure', 'data of its own', { data_sources: [{ type: 'azure_search', parameters: {} }], user: 'u', n: 1 }],
  ['xai.chat', 'xai', 'reasoning in the history', { messages: [hi, said({ content: 'a', reasoning_content: 't' }), hi], reasoning_effort: 'low', search_parameters: { mode: 'off' } }],
  ['together.chat', 'together', 'the common fields', { max_tokens: 3, top_k: 3, repetition_penalty: 1, min_p: 0.1, safety_model: 's', tools: [chatTool('a')], tool_choice: { type: 'function', function: { name: 'a' } } }],
  ['cerebras.chat', 'cerebras', 'reasoning', { reasoning_effort: 'low', disable_reasoning: false, max_completion_tokens: 4, service_tier: 'auto' }],
  ['zai.chat', 'zai', 'thinking kept', { messages: callAndResult({ reasoning_content: 't' }), tools: [chatTool('a')], thinking: { type: 'enabled', clear_thinking: false } }],
  ['alibaba.chat', 'alibaba', 'thinking by tokens', { enable_thinking: true, thinking_budget: 50, enable_search: true, search_options: { forced_search: true } }],
  ['moonshotai.chat', 'moonshot', 'thinking with a call', { messages: callAndResult({ reasoning_content: 't' }), tools: [chatTool('a')], thinking: { type: 'enabled' } }],
  ['gpustack.chat', 'gpustack', 'a template', { chat_template_kwargs: { enable_thinking: false }, guided_json: parameters, top_k: 2, min_p: 0.1, repetition_penalty: 1, min_tokens: 2 }],
  ['workers-ai.openai-compat.chat', 'workers-ai', 'thinking in the history', { messages: callAndResult({ reasoning_content: 't' }), tools: [chatTool('a')], chat_template_kwargs: { thinking: true } }],
  ['gemini.openai-compat.chat', 'gemini', 'budget and signature', {
    extra_body: { google: { thinking_config: { thinking_budget: 5 } } },
    messages: callAndResult({ tool_calls: [{ ...chatCall('c1', 'a', '{}'), extra_content: { google: { thought_signature: 'x' } } }] }),
    tools: [chatTool('a')],
  }],
  ['cohere.openai-compat.chat', 'cohere', 'the common fields', { seed: 1, stop: ['a'], tools: [chatTool('a')], response_format: { type: 'json_object' } }],
]

const ask = (...input: Fields[]): Fields => ({ input: [hi, ...input] })
const fn = (more: Fields = {}): Fields => ({ type: 'function', name: 'a', description: 'd', parameters, strict: true, ...more })
const thought = { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 's' }], encrypted_content: 'e' }
const called = { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'a', arguments: '{"city":"x"}' }
const answer = (content: Fields[], more: Fields = {}): Fields => ({ type: 'message', role: 'assistant', id: 'msg_1', status: 'completed', content, ...more })

const responsesBodies: Readonly<Record<string, Fields>> = {
  'a text': { input: 'hi', instructions: 's' },
  'system and developer between': { input: [{ role: 'developer', content: 'd' }, hi, { role: 'assistant', content: 'a' }, { role: 'developer', content: 'e' }, hi] },
  'a system in parts': { input: [{ role: 'system', content: [{ type: 'input_text', text: 'a' }] }, hi] },
  'messages that name their type': { input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'a' }, { type: 'input_text', text: 'b' }] }] },
  'every setting': {
    model: 'gpt-4o', background: false, include: ['message.output_text.logprobs', 'file_search_call.results'], max_output_tokens: 20, max_tool_calls: 2, metadata: { a: 'b' },
    parallel_tool_calls: false, prompt_cache_key: 'k', prompt_cache_retention: '24h', safety_identifier: 's', service_tier: 'flex', temperature: 0, top_p: 0.5, top_logprobs: 2,
    truncation: 'auto', user: 'u', store: true, stream: true, stream_options: { include_obfuscation: false }, text: { verbosity: 'low', format: { type: 'text' } }, tools: [fn()],
  },
  'a stored prompt': { prompt: { id: 'p', version: '2', variables: { a: 'b' } } },
  'a conversation by id': { conversation: 'conv_1' },
  'a conversation as an object': { conversation: { id: 'conv_1' } },
  'an answer before': { previous_response_id: 'resp_1', input: [{ type: 'function_call_output', call_id: 'c1', output: 'x' }], tools: [fn()] },
  'in the background': { background: true, store: true, stream: true },
  'any JSON': { text: { format: { type: 'json_object' } } },
  'a described schema': { text: { format: { type: 'json_schema', name: 'n', description: 'd', schema: parameters, strict: true }, verbosity: 'high' } },
  'a loose schema': { text: { format: { type: 'json_schema', name: 'n', schema: { type: 'object', additionalProperties: false }, strict: false } } },
  'thinking told in detail': { model: 'gpt-5', reasoning: { effort: 'high', summary: 'detailed' }, include: ['reasoning.encrypted_content'], store: false },
  'thinking told by its old name': { model: 'o3', reasoning: { effort: 'low', generate_summary: 'concise' } },
  'thinking without effort': { model: 'gpt-5', reasoning: { effort: null, summary: 'auto' } },
  'functions of all kinds': { tools: [fn(), fn({ name: 'b', strict: false }), { type: 'function', name: 'c', parameters: null, strict: null }, fn({ name: 'd', defer_loading: true })], tool_choice: 'required' },
  'one function': { tools: [fn()], tool_choice: { type: 'function', name: 'a' } },
  'no function': { tools: [fn()], tool_choice: 'none' },
  'a choice among tools': { tools: [fn(), fn({ name: 'b' })], tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'a' }, { type: 'function', name: 'b' }] } },
  'a choice among hosted ones': { tools: [fn(), { type: 'image_generation' }], tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'a' }, { type: 'image_generation' }] } },
  'a custom tool': {
    tools: [{ type: 'custom', name: 'sql', description: 'd', format: { type: 'grammar', syntax: 'lark', definition: 'x' } }],
    tool_choice: { type: 'custom', name: 'sql' },
    ...ask({ type: 'custom_tool_call', id: 'ctc_1', call_id: 'c1', name: 'sql', input: 'select 1' }, { type: 'custom_tool_call_output', call_id: 'c1', output: '1' }),
  },
  'file search': { tools: [{ type: 'file_search', vector_store_ids: ['v'], max_num_results: 2, filters: { type: 'eq', key: 'a', value: 'b' } }], tool_choice: { type: 'file_search' }, ...ask({ type: 'file_search_call', id: 'fs_1', status: 'completed', queries: ['q'], results: null }, answer([{ type: 'output_text', text: 'a', annotations: [{ type: 'file_citation', index: 0, file_id: 'f', filename: 'n' }] }]), hi) },
  'file search with results': { tools: [{ type: 'file_search', vector_store_ids: ['v'] }], ...ask({ type: 'file_search_call', id: 'fs_1', status: 'completed', queries: ['q'], results: [{ file_id: 'f', text: 't', score: 0.5 }] }, hi) },
  'web search': { tools: [{ type: 'web_search', filters: { allowed_domains: ['a.org'] }, user_location: { type: 'approximate', city: 'x' }, search_context_size: 'low' }], tool_choice: { type: 'web_search' }, ...ask({ type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } }, answer([{ type: 'output_text', text: 'a', annotations: [{ type: 'url_citation', start_index: 0, end_index: 1, url: 'https://a', title: 't' }] }]), hi) },
  'web search, preview': { tools: [{ type: 'web_search_preview' }], tool_choice: { type: 'web_search_preview' } },
  'code': { tools: [{ type: 'code_interpreter', container: { type: 'auto' } }], tool_choice: { type: 'code_interpreter' }, ...ask({ type: 'code_interpreter_call', id: 'ci_1', status: 'completed', code: '1', container_id: 'c', outputs: [{ type: 'logs', logs: 'l' }] }, hi) },
  'code without outputs': { tools: [{ type: 'code_interpreter', container: 'c' }], ...ask({ type: 'code_interpreter_call', id: 'ci_1', status: 'completed', code: '1', container_id: 'c', outputs: [] }, hi) },
  'a drawn picture': { tools: [{ type: 'image_generation', quality: 'low', size: '1024x1024', partial_images: 1 }], tool_choice: { type: 'image_generation' }, ...ask({ type: 'image_generation_call', id: 'ig_1', status: 'completed', result: png }, hi) },
  'an MCP server': {
    tools: [{ type: 'mcp', server_label: 'm', server_url: 'https://m', require_approval: 'never', allowed_tools: ['t'] }],
    tool_choice: { type: 'mcp', server_label: 'm' },
    ...ask({ type: 'mcp_list_tools', id: 'mcpl_1', server_label: 'm', tools: [{ name: 't', input_schema: {} }] }, { type: 'mcp_call', id: 'mcp_1', server_label: 'm', name: 't', arguments: '{}', output: 'x' }, { type: 'mcp_call', id: 'mcp_2', server_label: 'm', name: 't', arguments: '{}', error: { type: 'mcp_protocol_error', code: 1, message: 'no' } }, hi),
  },
  'one tool of an MCP server': { tools: [{ type: 'mcp', server_label: 'm', server_url: 'https://m' }], tool_choice: { type: 'mcp', server_label: 'm', name: 't' } },
  'an approval': { tools: [{ type: 'mcp', server_label: 'm', server_url: 'https://m' }], ...ask({ type: 'mcp_approval_request', id: 'mcpr_1', server_label: 'm', name: 't', arguments: '{}' }, { type: 'mcp_approval_response', approval_request_id: 'mcpr_1', approve: true }) },
  'an approval that is denied': { tools: [{ type: 'mcp', server_label: 'm', server_url: 'https://m' }], ...ask({ type: 'mcp_approval_request', id: 'mcpr_1', server_label: 'm', name: 't', arguments: '{}' }, { type: 'mcp_approval_response', approval_request_id: 'mcpr_1', approve: false, reason: 'no' }) },
  'a computer': {
    tools: [{ type: 'computer_use_preview', display_width: 1, display_height: 1, environment: 'browser' }], truncation: 'auto',
    ...ask({ type: 'computer_call', id: 'cu_1', call_id: 'c1', status: 'completed', action: { type: 'click', button: 'left', x: 1, y: 1 }, pending_safety_checks: [{ id: 's', code: 'c', message: 'm' }] }, { type: 'computer_call_output', call_id: 'c1', output: { type: 'computer_screenshot', image_url: `data:image/png;base64,${png}` }, acknowledged_safety_checks: [{ id: 's', code: 'c', message: 'm' }] }),
  },
  'a local shell': { tools: [{ type: 'local_shell' }], ...ask({ type: 'local_shell_call', id: 'ls_1', call_id: 'c1', status: 'completed', action: { type: 'exec', command: ['ls'], env: {} } }, { type: 'local_shell_call_output', id: 'c1', output: 'x' }) },
  'a shell': { tools: [{ type: 'shell', environment: { type: 'local' } }], tool_choice: { type: 'shell' }, ...ask({ type: 'shell_call', id: 'sh_1', call_id: 'c1', status: 'completed', action: { commands: ['ls'], timeout_ms: 5 } }, { type: 'shell_call_output', call_id: 'c1', output: [{ stdout: 'x', stderr: '', outcome: { type: 'exit', exit_code: 0 } }] }) },
  'a shell output with its limit': { tools: [{ type: 'shell', environment: { type: 'local' } }], ...ask({ type: 'shell_call', id: 'sh_1', call_id: 'c1', status: 'completed', action: { commands: ['ls'], max_output_length: 9 } }, { type: 'shell_call_output', call_id: 'c1', max_output_length: 9, output: [{ stdout: 'x', stderr: '', outcome: { type: 'timeout' } }] }) },
  'a patch': { tools: [{ type: 'apply_patch' }], tool_choice: { type: 'apply_patch' }, ...ask({ type: 'apply_patch_call', id: 'ap_1', call_id: 'c1', status: 'completed', operation: { type: 'delete_file', path: 'a' } }, { type: 'apply_patch_call_output', call_id: 'c1', status: 'completed', output: 'ok' }) },
  'a call, its thinking, its result': { model: 'gpt-5', store: false, include: ['reasoning.encrypted_content'], tools: [fn()], ...ask(thought, called, { type: 'function_call_output', call_id: 'c1', output: 'x' }) },
  'a result in parts': { tools: [fn()], ...ask(called, { type: 'function_call_output', call_id: 'c1', output: [{ type: 'input_text', text: 'a' }, { type: 'input_image', image_url: `data:image/png;base64,${png}`, detail: 'auto' }, { type: 'input_file', filename: 'a.pdf', file_data: `data:application/pdf;base64,${png}` }] }) },
  'a result with its id and status': { tools: [fn()], ...ask(called, { type: 'function_call_output', id: 'fco_1', status: 'completed', call_id: 'c1', output: 'x' }) },
  'an empty result': { tools: [fn()], ...ask(called, { type: 'function_call_output', call_id: 'c1', output: '' }) },
  'arguments that are none': { tools: [fn()], ...ask({ ...called, arguments: '' }, { type: 'function_call_output', call_id: 'c1', output: 'x' }) },
  'arguments that are no JSON': { tools: [fn()], ...ask({ ...called, arguments: '{"a":' }, { type: 'function_call_output', call_id: 'c1', output: 'x' }) },
  'two calls and results': { tools: [fn()], ...ask(called, { ...called, id: 'fc_2', call_id: 'c2' }, { type: 'function_call_output', call_id: 'c1', output: 'x' }, { type: 'function_call_output', call_id: 'c2', output: 'y' }) },
  'a call, a result, a call, a result': { tools: [fn()], ...ask(called, { type: 'function_call_output', call_id: 'c1', output: 'x' }, { ...called, id: 'fc_2', call_id: 'c2' }, { type: 'function_call_output', call_id: 'c2', output: 'y' }) },
  'answers with ids, phases, refusals': { ...ask(answer([{ type: 'output_text', text: 'a', annotations: [], logprobs: [] }], { phase: 'commentary' }), answer([{ type: 'refusal', refusal: 'no' }], { id: 'msg_2' }), hi) },
  'answers as texts': { ...ask({ role: 'assistant', content: 'a' }, hi, { role: 'assistant', content: [{ type: 'output_text', text: 'b' }] }, hi) },
  'files': { input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'f' }, { type: 'input_file', file_url: 'https://a/b.pdf' }, { type: 'input_file', filename: 'a.pdf', file_data: `data:application/pdf;base64,${png}` }, { type: 'input_image', file_id: 'g', detail: 'auto' }, { type: 'input_image', image_url: 'https://a/b.png', detail: 'high' }, { type: 'input_text', text: 'x' }] }] },
  'a reference to an item': { ...ask({ type: 'item_reference', id: 'msg_1' }, hi) },
  'a compaction': { ...ask({ type: 'compaction', id: 'cmp_1', encrypted_content: 'e' }, hi) },
  'context management': { context_management: [{ type: 'compaction', compact_threshold: 1000 }] },
  'a tool search': { tools: [{ type: 'tool_search', execution: 'client', description: 'd', parameters: {} }], ...ask({ type: 'tool_search_call', id: 'ts_1', call_id: 'c1', execution: 'client', status: 'completed', arguments: { q: 'x' } }, { type: 'tool_search_output', call_id: 'c1', execution: 'client', status: 'completed', tools: [fn()] }) },
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
  for (const [name, body] of Object.entries(responsesBodies))
    check(responses, one('openai.responses', 'openai', name, { model: 'gpt-5', input: [hi], ...body }))
})
void [messages, geminiWire, responses]
