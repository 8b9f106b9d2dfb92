/**
 * What `providerOptions['openai-responses']` may set beside the neutral fields: the fields that servers are known to take. Others
 * are passed on too, since every server has its own. `include`, `reasoning` and `text` are added to ours; what the call says itself stands.
 * With `conversation` only what came after the last answer is sent, since the server has the rest; with `previous_response_id` all
 * messages of the call are: give those after it.
 */
export const responsesOptions = [
  'access_programs',
  'background',
  'context_management',
  'conversation',
  'image',
  'include',
  'max_tool_calls',
  'max_turns',
  'metadata',
  'modalities',
  'models',
  'moderation',
  'plugins',
  'previous_response_id',
  'prompt',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'provider',
  'reasoning',
  'safety_identifier',
  'service_tier',
  'store',
  'stream_options',
  'text',
  'tool_choice',
  'top_logprobs',
  'truncation',
  'user',
] as const
