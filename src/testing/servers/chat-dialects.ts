import type { Failing } from './scenario.ts'
import { type ChatDialect, openaiChatServer } from './openai-chat.ts'
import type { WireServer } from './wire.ts'

/** Servers of Chat Completions by their vendors. */
export type ChatServerName =
  | 'alibaba'
  | 'azure'
  | 'cerebras'
  | 'cohere'
  | 'deepseek'
  | 'fireworks'
  | 'gemini'
  | 'groq'
  | 'huggingface'
  | 'llamaCpp'
  | 'lmStudio'
  | 'localAi'
  | 'mistral'
  | 'moonshot'
  | 'ollama'
  | 'openai'
  | 'openrouter'
  | 'perplexity'
  | 'tgi'
  | 'together'
  | 'vllm'
  | 'workersAi'
  | 'xai'
  | 'zai'

const textOnly = {
  images: 'its chat takes text only',
  pdf: 'its chat takes text only',
  'image by address': 'its chat takes text only',
  'result media': 'its chat takes text only',
} as const
const noPdf = { pdf: 'its chat takes no PDF' } as const
const noFilter = { filter: 'it has no filter of its own on questions' } as const
/** A server of one's own bills nobody and filters nothing. */
const own = { quota: 'a server of one’s own has no quota', ...noFilter, ...noPdf } as const
const noSeed = { seed: 'its API has no seed' } as const
const noSafety = { safety: 'it does not stop answers for safety' } as const
const noRefusal = { refusal: 'it has no field for refusals' } as const
const noCache = { 'cached usage': 'it does not tell of a cache' } as const
const noEffort = { effort: 'its models are not told how hard to think' } as const
const noReasoningUsage = { 'reasoning usage': 'it does not count thinking apart' } as const

const both = ['max_tokens', 'max_completion_tokens']
const flat =
  (more: (failing: Failing) => object = () => ({})): NonNullable<ChatDialect['error']> =>
  (message, failing, status) => ({ message, type: status < 500 ? 'invalid_request_error' : 'server_error', ...more(failing) })

/** How the vendors differ, to make servers from. */
export const dialects: Readonly<Record<Exclude<ChatServerName, 'openai'>, ChatDialect>> = {
  alibaba: {
    takes: ['top_k', 'enable_thinking', 'thinking_budget', 'enable_search'],
    content: ['text', 'image_url', 'video_url', 'input_audio'],
    thinking: 'reasoning_content',
    errors: {
      context: [400, '<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]', 'invalid_parameter_error'],
      filtered: [400, 'Input data may contain inappropriate content.', 'data_inspection_failed'],
      quota: [400, 'Access denied, please make sure your account is in good standing.', 'Arrearage'],
      rate: [429, 'You exceeded your current request limit.', 'limit_requests'],
    },
    lacks: { ...noPdf, ...noRefusal },
  },
  azure: {
    names: { maxTokens: ['max_completion_tokens'] },
    toolIds: /^.{1,40}$/,
    several: true,
    content: ['text', 'image_url', 'input_audio', 'file'],
    ahead: [{ id: '', model: '', created: 0, choices: [], prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }] }],
    errors: {
      auth: [401, 'Access denied due to invalid subscription key or wrong API endpoint.', '401'],
      'unknown-model': [404, 'The API deployment for this resource does not exist.', 'DeploymentNotFound'],
      rate: [429, 'Your requests have exceeded rate limit. Please retry after 7 seconds.', 'RateLimitReached'],
      filtered: [400, "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.", 'content_filter'],
    },
  },
  cerebras: {
    names: { maxTokens: ['max_completion_tokens'] },
    content: ['text'],
    thinking: 'reasoning',
    error: flat((failing) => ({
      param: null,
      code: failing === 'context' ? 'context_length_exceeded' : failing === 'auth' ? 'wrong_api_key' : null,
    })),
    errors: {
      auth: [401, 'Wrong API Key'],
      'unknown-model': [404, 'Model does not exist or you do not have access to it.'],
      context: [400, 'Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192'],
      quota: [402, 'Payment required'],
    },
    lacks: { ...textOnly, ...noFilter, ...noSafety, ...noRefusal },
  },
  cohere: {
    refuses: ['parallel_tool_calls'],
    content: ['text', 'image_url'],
    error: (message) => ({ id: 'c0ffee', message }),
    errors: {
      auth: [401, 'invalid api token'],
      'unknown-model': [404, "model 'x' not found, make sure the correct model ID was used"],
      context: [
        400,
        'too many tokens: total number of tokens in the prompt cannot exceed 132096 - received 200000. Try using a shorter prompt.',
      ],
      quota: [402, 'Please add or update your billing information to continue using the API.'],
      rate: [429, 'You are using a Trial key, which is limited to 20 API calls / minute.'],
    },
    lacks: {
      ...noPdf,
      ...noFilter,
      ...noRefusal,
      ...noSafety,
      ...noCache,
      ...noReasoningUsage,
      'one call at a time': 'it has no switch for it',
    },
  },
  deepseek: {
    takes: ['thinking'],
    refuses: ['seed', 'parallel_tool_calls'],
    content: ['text'],
    schemaless: true,
    thinking: 'reasoning_content',
    back: 'text',
    demands: true,
    usage: 'beside',
    errors: {
      auth: [401, 'Authentication Fails, Your api key is invalid', 'invalid_request_error'],
      quota: [402, 'Insufficient Balance', 'invalid_request_error'],
      'unknown-model': [400, 'Model Not Exist', 'invalid_request_error'],
    },
    lacks: {
      ...textOnly,
      ...noSeed,
      ...noRefusal,
      ...noFilter,
      schema: 'it knows JSON of any shape only: the schema is told in words',
      'one call at a time': 'it has no switch for it',
    },
  },
  fireworks: {
    takes: ['top_k', 'reasoning_history', 'thinking'],
    names: { maxTokens: both },
    content: ['text', 'image_url'],
    thinking: 'reasoning_content',
    back: 'text',
    usage: 'beside',
    error: (message) => ({ error: { object: 'error', type: 'invalid_request_error', code: 'invalid_request_error', message } }),
    errors: {
      auth: [401, 'The API key you provided is invalid.'],
      'unknown-model': [404, 'Model not found, inaccessible, and/or not deployed'],
      context: [400, 'The prompt is too long: 131073, model maximum context length: 131071'],
      quota: [402, 'Account suspended: add credits to continue'],
    },
    lacks: { ...noPdf, ...noFilter, ...noRefusal, ...noSafety },
  },
  gemini: {
    takes: ['extra_body'],
    content: ['text', 'image_url', 'input_audio'],
    back: 'extra',
    wholeCalls: true,
    indexless: true,
    usage: 'beside',
    error: (message, failing, status) => [
      { error: { code: status, message, status: status === 401 ? 'UNAUTHENTICATED' : (googleStatus[failing] ?? 'INVALID_ARGUMENT') } },
    ],
    errors: {
      auth: [400, 'API key not valid. Please pass a valid API key.'],
      'unknown-model': [404, 'models/x is not found for API version v1main, or is not supported for generateContent.'],
      context: [400, 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).'],
      quota: [429, 'Quota exceeded for metric: generate_requests, limit: 0. Please check your plan and billing details.'],
    },
    lacks: {
      ...noPdf,
      ...noFilter,
      ...noRefusal,
      reasoning: 'its compatible surface shows thinking only when it is asked for by a field of its own',
      'image by address': 'it fetches images from its own file store only',
      'interleaved calls': 'a call always comes whole',
    },
  },
  groq: {
    names: { maxTokens: ['max_completion_tokens'] },
    refuses: ['stream_options'],
    takes: ['reasoning_format', 'include_reasoning', 'search_settings'],
    content: ['text', 'image_url'],
    thinking: 'reasoning',
    usage: 'x_groq',
    errors: {
      auth: [401, 'Invalid API Key', 'invalid_api_key'],
      'unknown-model': [404, 'The model `x` does not exist or you do not have access to it.', 'model_not_found'],
      context: [400, 'Please reduce the length of the messages or completion.', 'context_length_exceeded'],
      rate: [
        429,
        'Rate limit reached for model `x` in organization `o` on requests per minute (RPM): Limit 30. Please try again in 2s.',
        'rate_limit_exceeded',
      ],
      quota: [403, 'Your organization has been restricted: billing limit reached.', 'blocked_api_access'],
    },
    lacks: { ...noPdf, ...noFilter, ...noRefusal, ...noSafety },
  },
  huggingface: {
    names: { maxTokens: both },
    takes: ['top_k', 'thinking'],
    content: ['text', 'image_url'],
    thinking: 'reasoning_content',
    errors: {
      auth: [401, 'Invalid username or password.'],
      'unknown-model': [400, "The requested model 'x' does not exist", 'model_not_found'],
      context: [
        422,
        'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8192. Given: 9000 `inputs` tokens and 20 `max_new_tokens`',
      ],
      quota: [402, 'You have reached your monthly included credits for Inference Providers. Subscribe to PRO to get more.'],
    },
    error: (message, failing) =>
      failing === 'unknown-model' ? { error: { message, type: 'invalid_request_error', code: 'model_not_found' } } : { error: message },
    lacks: { ...noPdf, ...noFilter, ...noRefusal, ...noSafety },
  },
  llamaCpp: {
    takes: ['top_k', 'cache_prompt', 'grammar'],
    names: { maxTokens: both },
    content: ['text', 'image_url', 'input_audio'],
    thinking: 'reasoning_content',
    back: 'text',
    error: (message, failing, status) => ({
      error: { code: status, message, type: llamaTypes[failing] ?? (status < 500 ? 'invalid_request_error' : 'server_error') },
    }),
    errors: {
      auth: [401, 'Invalid API Key'],
      context: [400, 'the request exceeds the available context size, try increasing it'],
      unavailable: [503, 'Loading model'],
    },
    lacks: { ...own, ...noRefusal, ...noSafety, ...noReasoningUsage, 'unknown model': 'it serves the one model that it was started with' },
  },
  lmStudio: {
    takes: ['top_k', 'ttl'],
    content: ['text', 'image_url'],
    thinking: 'reasoning_content',
    addresses: false,
    error: (message) => ({ error: message }),
    errors: {
      'unknown-model': [404, 'Model "x" not found. Please specify a valid model.'],
      context: [
        400,
        'Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens.',
      ],
    },
    lacks: { ...own, ...noRefusal, ...noSafety, ...noCache, 'image by address': 'it takes images as data only' },
  },
  localAi: {
    takes: ['top_k', 'grammar', 'backend'],
    content: ['text', 'image_url', 'input_audio', 'video_url'],
    thinking: 'reasoning',
    error: (message, _failing, status) => ({ error: { code: status, message, type: '' } }),
    errors: { 'unknown-model': [404, 'model x not found'], context: [400, 'the prompt length exceeds the context size of the model'] },
    lacks: { ...own, ...noRefusal, ...noSafety, ...noCache, ...noReasoningUsage },
  },
  mistral: {
    takes: ['random_seed', 'safe_prompt', 'prompt_mode', 'guardrails'],
    refuses:
      'stream_options seed user store logprobs top_logprobs logit_bias modalities audio service_tier verbosity web_search_options safety_identifier functions function_call'.split(
        ' ',
      ),
    names: { seed: 'random_seed', required: 'any' },
    toolIds: /^[a-zA-Z0-9]{9}$/,
    content: ['text', 'image_url', 'document_url', 'input_audio', 'file'],
    thinking: 'chunks',
    back: 'chunks',
    wholeCalls: true,
    usage: 'beside',
    option: { field: 'safe_prompt', value: true },
    endings: { length: 'model_length' },
    error: (message, failing, status) =>
      failing === 'auth'
        ? { detail: message }
        : { object: 'error', message, type: 'invalid_request_error', param: null, code: '3000', raw_status_code: status },
    errors: {
      auth: [401, 'Unauthorized'],
      'unknown-model': [400, 'Invalid model: x'],
      context: [400, 'Prompt contains 200000 tokens and 0 draft tokens, too large for model with 131072 maximum context length'],
      rate: [429, 'Rate limit exceeded'],
      quota: [402, 'You have reached the end of your plan: a payment is required.'],
    },
    lacks: { ...noFilter, ...noRefusal, ...noSafety, ...noReasoningUsage, 'interleaved calls': 'a call always comes whole' },
  },
  moonshot: {
    takes: ['thinking'],
    content: ['text', 'image_url', 'video_url'],
    schemaless: true,
    thinking: 'reasoning_content',
    back: 'text',
    demands: true,
    usage: 'choice',
    error: (message, failing) => ({ error: { message, type: moonshotTypes[failing] ?? 'invalid_request_error' } }),
    errors: {
      auth: [401, 'Invalid Authentication'],
      'unknown-model': [404, 'Not found the model x or Permission denied'],
      context: [400, 'Invalid request: Your request exceeded model token limit: 131072'],
      quota: [429, 'Your account is not active, current state: exceeded quota'],
      filtered: [400, 'The request was rejected because it was considered high risk'],
      unavailable: [429, 'The engine is currently overloaded, please try again later'],
    },
    lacks: {
      ...noPdf,
      ...noRefusal,
      schema: 'it knows JSON of any shape only: the schema is told in words',
      'image by address': 'it takes images as data only',
    },
    addresses: false,
  },
  ollama: {
    refuses: ['parallel_tool_calls'],
    content: ['text', 'image_url'],
    addresses: false,
    thinking: 'reasoning',
    back: 'text',
    wholeCalls: true,
    error: (message, failing) => ({
      error: { message, type: failing === 'unknown-model' ? 'not_found_error' : 'api_error', param: null, code: null },
    }),
    errors: {
      'unknown-model': [404, "model 'x' not found"],
      auth: [401, 'unauthorized'],
      context: [400, 'the input length exceeds the context length'],
    },
    lacks: {
      ...own,
      ...noRefusal,
      ...noSafety,
      ...noCache,
      ...noReasoningUsage,
      'one call at a time': 'it has no switch for it',
      'image by address': 'it takes images as data only',
      'required choice': 'it ignores tool_choice',
      'one choice': 'it ignores tool_choice',
      'interleaved calls': 'a call always comes whole',
    },
  },
  openrouter: {
    takes: ['reasoning', 'top_k', 'provider', 'models', 'plugins', 'transforms', 'usage', 'route', 'top_a', 'min_p', 'repetition_penalty'],
    names: { maxTokens: both },
    content: ['text', 'image_url', 'input_audio', 'video_url', 'file'],
    thinking: 'details',
    back: 'details',
    sources: 'annotations',
    beside: { provider: 'Anthropic' },
    error: (message, _failing, status) => ({ error: { code: status, message }, user_id: 'u' }),
    errors: {
      auth: [401, 'No cookie auth credentials found'],
      'unknown-model': [400, 'acme/x is not a valid model ID'],
      context: [400, "This endpoint's maximum context length is 128000 tokens. However, you requested about 200000 tokens."],
      quota: [402, 'Insufficient credits. Add more using https://openrouter.ai/settings/credits'],
      filtered: [403, 'Input was flagged by moderation'],
      rate: [429, 'Rate limit exceeded: free-models-per-min.'],
      server: [500, 'Internal Server Error'],
      unavailable: [503, 'No available model provider that meets your routing requirements'],
    },
  },
  perplexity: {
    takes: ['top_k', 'search_mode', 'search_domain_filter', 'return_images', 'web_search_options', 'disable_search'],
    refuses: ['stream_options', 'seed', 'tools', 'tool_choice', 'parallel_tool_calls', 'user'],
    alternates: true,
    content: ['text', 'image_url', 'file_url'],
    done: false,
    newline: '\r\n',
    usage: 'always',
    sources: 'search_results',
    option: { field: 'search_mode', value: 'academic' },
    error: (message, failing, status) => ({
      error: { message, type: failing === 'auth' ? 'invalid_api_key' : `error_${failing.replace('-', '_')}`, code: status },
    }),
    errors: {
      auth: [401, 'Invalid API key provided. Ensure your API key is correct and active.'],
      'unknown-model': [400, "Invalid model 'x'. Permitted models can be found in the documentation."],
      context: [400, 'The prompt length exceeds the context window of the model'],
      quota: [402, 'You have run out of credits. Add credits in the settings.'],
    },
    lacks: {
      ...noSeed,
      ...noFilter,
      ...noRefusal,
      ...noSafety,
      ...noCache,
      tools: 'its models have no tools of the caller',
      json: 'it takes a schema, not JSON of any shape',
      reasoning: 'its models write thinking into the text, between <think> marks',
    },
  },
  tgi: {
    valued: true,
    names: { maxTokens: both },
    takes: ['top_k', 'tool_prompt'],
    content: ['text', 'image_url'],
    done: false,
    tight: true,
    wholeCalls: true,
    usage: 'apart',
    endings: { stop: 'eos_token' },
    error: (message, failing) =>
      failing === 'unprocessable' || failing === 'invalid' ? { error: message, error_type: 'validation' } : { error: message },
    errors: {
      'unknown-model': [404, 'Not Found: Model not found'],
      context: [
        422,
        'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and 200 `max_new_tokens`',
      ],
      unavailable: [503, 'Model x is currently loading'],
      rate: [429, 'Model is overloaded'],
    },
    lacks: {
      ...own,
      ...noRefusal,
      ...noSafety,
      ...noCache,
      ...noReasoningUsage,
      ...noEffort,
      reasoning: 'thinking is part of the text',
      'interleaved calls': 'a call always comes whole',
      'one call at a time': 'it has no switch for it',
    },
  },
  together: {
    takes: ['top_k', 'repetition_penalty', 'safety_model'],
    refuses: ['parallel_tool_calls'],
    names: { maxTokens: both },
    content: ['text', 'image_url', 'video_url'],
    thinking: 'reasoning',
    endings: { stop: 'eos' },
    beside: { token_id: 7 },
    error: (message, _failing) => ({ id: 'o1', error: { message, type: 'invalid_request_error', param: null, code: null } }),
    errors: {
      auth: [401, 'Invalid API key provided. You can find your API key at https://api.together.xyz/settings/api-keys.'],
      'unknown-model': [404, 'Unable to access model x. Please visit https://api.together.ai/models to view the list of supported models.'],
      context: [422, 'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000 `inputs` tokens'],
      quota: [402, 'Credit limit exceeded, please add credits.'],
      rate: [429, 'You have reached the rate limit specific to this model x.'],
    },
    lacks: { ...noPdf, ...noFilter, ...noRefusal, ...noSafety, 'one call at a time': 'it has no switch for it' },
  },
  vllm: {
    takes: ['top_k', 'min_p', 'chat_template_kwargs', 'guided_json'],
    names: { maxTokens: both },
    content: ['text', 'image_url', 'input_audio', 'video_url'],
    thinking: 'reasoning',
    back: 'text',
    error: (message, failing, status) => ({
      object: 'error',
      message,
      type: failing === 'unknown-model' ? 'NotFoundError' : 'BadRequestError',
      param: null,
      code: status,
    }),
    errors: { auth: [401, 'Unauthorized'], 'unknown-model': [404, 'The model `x` does not exist.'] },
    lacks: { ...own, ...noRefusal, ...noSafety, ...noReasoningUsage },
  },
  workersAi: {
    takes: ['top_k'],
    refuses: ['parallel_tool_calls'],
    content: ['text', 'image_url'],
    thinking: 'reasoning_content',
    back: 'text',
    usage: 'beside',
    error: (message, failing) => ({
      errors: [{ message: `AiError: ${message}`, code: cloudflareCodes[failing] ?? 5006 }],
      success: false,
      result: {},
      messages: [],
    }),
    errors: {
      auth: [401, 'Authentication error'],
      'unknown-model': [400, 'No such model @cf/acme/x'],
      context: [413, 'The estimated number of input and maximum output tokens (40000) exceeded this model context window limit (32000).'],
      quota: [429, 'you have used up your daily free allocation of 10,000 neurons'],
      unavailable: [429, 'Capacity temporarily exceeded, please try again.'],
    },
    lacks: { ...noPdf, ...noFilter, ...noRefusal, ...noReasoningUsage, 'one call at a time': 'it has no switch for it' },
  },
  xai: {
    names: { maxTokens: ['max_completion_tokens'] },
    takes: ['deferred'],
    content: ['text', 'image_url'],
    thinking: 'reasoning_content',
    error: (message, failing) => ({ code: xaiCodes[failing] ?? 'Client specified an invalid argument', error: message }),
    errors: {
      auth: [400, 'Incorrect API key provided. You can obtain an API key from https://console.x.ai.'],
      'unknown-model': [404, 'The model x does not exist or your team does not have access to it.'],
      context: [400, "This model's maximum prompt length is 131072 but the request contains 200000 tokens."],
      quota: [
        429,
        'Your team has used all available credits or reached its monthly spending limit. To continue making API requests, please purchase more credits.',
      ],
      rate: [429, 'Too many requests'],
      filtered: [403, 'Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_DATA_LEAKAGE'],
    },
    lacks: { ...noPdf, ...noSafety },
  },
  zai: {
    takes: ['thinking', 'do_sample', 'tool_stream', 'request_id', 'user_id'],
    refuses: ['seed', 'parallel_tool_calls', 'reasoning_effort', 'store'],
    content: ['text', 'image_url', 'video_url', 'file_url'],
    schemaless: true,
    choices: ['auto'],
    thinking: 'reasoning_content',
    back: 'text',
    usage: 'beside',
    endings: { safety: 'sensitive' },
    error: (message, failing) => ({ error: { code: zaiCodes[failing] ?? '1210', message } }),
    errors: {
      auth: [401, 'token expired or incorrect'],
      'unknown-model': [400, 'Unknown Model, please check the model code.'],
      context: [400, 'Prompt exceeds max length'],
      quota: [429, 'Insufficient balance or no resource package. Please recharge.'],
      rate: [429, 'High frequency usage of this API, please reduce frequency'],
      filtered: [400, 'System detected potentially unsafe or sensitive content in input or generation.'],
    },
    lacks: {
      ...noPdf,
      ...noSeed,
      ...noRefusal,
      schema: 'it knows JSON of any shape only: the schema is told in words',
      'required choice': 'it takes tool_choice auto only',
      'one choice': 'it takes tool_choice auto only',
      'none choice': 'it takes tool_choice auto only',
      'one call at a time': 'it has no switch for it',
    },
  },
}

/** Names of `google.rpc.Code`. */
const googleStatus: Partial<Record<Failing, string>> = {
  denied: 'PERMISSION_DENIED',
  'unknown-model': 'NOT_FOUND',
  rate: 'RESOURCE_EXHAUSTED',
  quota: 'RESOURCE_EXHAUSTED',
  server: 'INTERNAL',
  gateway: 'INTERNAL',
  unavailable: 'UNAVAILABLE',
  overloaded: 'UNAVAILABLE',
  timeout: 'ABORTED',
  conflict: 'ABORTED',
}
const llamaTypes: Partial<Record<Failing, string>> = {
  auth: 'authentication_error',
  context: 'exceed_context_size_error',
  unavailable: 'unavailable_error',
  'unknown-model': 'not_found_error',
}
const moonshotTypes: Partial<Record<Failing, string>> = {
  auth: 'invalid_authentication_error',
  'unknown-model': 'resource_not_found_error',
  quota: 'exceeded_current_quota_error',
  rate: 'rate_limit_reached_error',
  unavailable: 'engine_overloaded_error',
  filtered: 'content_filter',
  server: 'server_error',
}
const cloudflareCodes: Partial<Record<Failing, number>> = { auth: 10000, 'unknown-model': 5007, unavailable: 3040, quota: 4006 }
const xaiCodes: Partial<Record<Failing, string>> = {
  auth: 'invalid-argument',
  'unknown-model': 'Some requested entity was not found',
  rate: 'Some resource has been exhausted',
  quota: 'Some resource has been exhausted',
  denied: 'The caller does not have permission to execute the specified operation',
  server: 'Internal error',
  unavailable: 'The service is currently unavailable',
}
const zaiCodes: Partial<Record<Failing, string>> = {
  auth: '1000',
  'unknown-model': '1211',
  context: '1261',
  quota: '1113',
  rate: '1302',
  filtered: '1301',
  server: '500',
}

/** Servers of Chat Completions by their vendors: each refuses and answers in its vendor's dialect. */
export const chatServers: Readonly<Record<ChatServerName, WireServer>> = {
  openai: openaiChatServer(),
  ...(Object.fromEntries(Object.entries(dialects).map(([name, dialect]) => [name, openaiChatServer({ name, ...dialect })])) as Record<
    Exclude<ChatServerName, 'openai'>,
    WireServer
  >),
}
