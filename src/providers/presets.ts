import type { ModelInfo } from '../model.ts'
import {
  alternate,
  efforts,
  enableThinking,
  executedTools,
  images,
  interrupted,
  joinDetails,
  latest,
  means,
  namedFiles,
  onlyChosen,
  openRouterError,
  reasoningObject,
  schemaInWords,
  searchResults,
  thinkingSwitch,
} from './wire/openai-chat-rewrites.ts'
import { explainGemini } from './wire/gemini-errors.ts'
import { routerQuirks } from './wire/huggingface.ts'
import { quirksOf } from './wire/mistral.ts'
import type { ChatQuirks } from './wire/openai-chat-request.ts'
import { explainCloudflare } from './wire/workers-ai-errors.ts'

/** A server of Chat Completions as data; pass it to `openaiCompatible`. */
export interface Preset {
  provider: string
  baseURL: string
  /** The customary name of the variable that holds the key; absent for servers of one's own, which need none. */
  env?: string
  quirks?: ChatQuirks
  capabilities?: ModelInfo['capabilities']
}

/** When the tables below were last compared with the servers' documentation and recorded traffic. */
export const checked = '2026-11-24'

/** What TGI, and servers that took over its words, say of a question that is too long. */
const tooLong = means([/must be <= ?\d|must have less than \d+ tokens/, 'model/context'])
/** What some say of a model that they do not have, with a 400. */
const invalidModel = means([/invalid model/i, 'model/unknown'])

const completion = { max_tokens: 'max_completion_tokens' } as const
const text: ModelInfo['capabilities'] = { tools: true, structured: true, input: ['text'] }
const vision: ModelInfo['capabilities'] = { tools: true, structured: true, input: ['text', 'image'] }
const films: ModelInfo['capabilities'] = { ...vision, input: ['text', 'image', 'audio', 'video'] }

export type PresetName =
  | 'alibaba'
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
  | 'openrouter'
  | 'perplexity'
  | 'together'
  | 'vllm'
  | 'xai'
  | 'zai'

/**
 * Known servers of Chat Completions. What a model can do differs within one server: `capabilities` says what the server
 * takes at most, and may be given anew for a model.
 * @example openaiCompatible(presets.deepseek, { apiKey: env.DEEPSEEK_API_KEY })('deepseek-chat')
 */
export const presets: Readonly<Record<PresetName, Preset>> = {
  alibaba: {
    provider: 'alibaba',
    baseURL: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
    env: 'DASHSCOPE_API_KEY',
    quirks: {
      rewrite: [onlyChosen, enableThinking],
      explain: means(
        [/data_?inspection_?failed|inappropriate content/i, 'model/filtered'],
        [/Arrearage/, 'model/quota'],
        [/range of input length/i, 'model/context'],
      ),
    },
    capabilities: { ...films, reasoning: true },
  },
  cerebras: {
    provider: 'cerebras',
    baseURL: 'https://api.cerebras.ai/v1',
    env: 'CEREBRAS_API_KEY',
    quirks: { fields: { ...completion, top_k: false } },
    capabilities: text,
  },
  cohere: {
    provider: 'cohere',
    baseURL: 'https://api.cohere.com/compatibility/v1',
    env: 'COHERE_API_KEY',
    quirks: { fields: { top_k: false, parallel_tool_calls: false }, explain: means([/too many tokens/, 'model/context']) },
    capabilities: vision,
  },
  /** Refuses an assistant message with calls when its reasoning is missing; `""` counts as there. */
  deepseek: {
    provider: 'deepseek',
    baseURL: 'https://api.deepseek.com',
    env: 'DEEPSEEK_API_KEY',
    quirks: {
      fields: { top_k: false, parallel_tool_calls: false, seed: false },
      reasoningBack: 'reasoning_content',
      extras: interrupted,
      rewrite: [onlyChosen, schemaInWords, thinkingSwitch(false)],
      explain: means([/Model Not Exist/, 'model/unknown']),
    },
    capabilities: { ...text, reasoning: true },
  },
  fireworks: {
    provider: 'fireworks',
    baseURL: 'https://api.fireworks.ai/inference/v1',
    env: 'FIREWORKS_API_KEY',
    quirks: { reasoningBack: 'reasoning_content' },
    capabilities: vision,
  },
  /** The thought signature of a call must come back with it. */
  gemini: {
    provider: 'gemini',
    baseURL: 'https://generativelanguage.googleapis.com/v1beta/openai',
    env: 'GEMINI_API_KEY',
    quirks: {
      fields: { top_k: false },
      back: { extra_content: latest },
      rewrite: [onlyChosen, efforts({ xhigh: 'high', max: 'high' })],
      explain: explainGemini,
    },
    capabilities: { ...vision, input: ['text', 'image', 'audio'], reasoning: true },
  },
  /** Sends usage in streams unasked, and knows no `stream_options`. */
  groq: {
    provider: 'groq',
    baseURL: 'https://api.groq.com/openai/v1',
    env: 'GROQ_API_KEY',
    quirks: {
      fields: { ...completion, top_k: false, stream_options: false },
      extras: executedTools,
      rewrite: [onlyChosen, efforts({ minimal: 'low', xhigh: 'high', max: 'high' })],
    },
    capabilities: vision,
  },
  /** One address before many backends: name one after the model (`org/model:groq`), or the cheapest or fastest is taken. */
  huggingface: {
    provider: 'huggingface',
    baseURL: 'https://router.huggingface.co/v1',
    env: 'HF_TOKEN',
    quirks: routerQuirks,
    capabilities: vision,
  },
  llamaCpp: {
    provider: 'llama.cpp',
    baseURL: 'http://localhost:8080/v1',
    quirks: { reasoningBack: 'reasoning_content' },
    capabilities: { ...vision, input: ['text', 'image', 'audio'] },
  },
  lmStudio: { provider: 'lm-studio', baseURL: 'http://localhost:1234/v1', capabilities: vision },
  localAi: { provider: 'localai', baseURL: 'http://localhost:8080/v1', capabilities: films },
  mistral: {
    provider: 'mistral',
    baseURL: 'https://api.mistral.ai/v1',
    env: 'MISTRAL_API_KEY',
    quirks: quirksOf(),
    capabilities: { tools: true, structured: true, reasoning: true, input: ['text', 'image', 'audio', 'pdf'] },
  },
  /** Refuses an assistant message with calls when its reasoning is missing while thinking is on. */
  moonshot: {
    provider: 'moonshot',
    baseURL: 'https://api.moonshot.ai/v1',
    env: 'MOONSHOT_API_KEY',
    quirks: {
      fields: { top_k: false },
      reasoningBack: 'reasoning_content',
      rewrite: [onlyChosen, schemaInWords, thinkingSwitch(true)],
      explain: means(
        [/engine_overloaded/, 'model/overloaded'],
        [/model token limit/, 'model/context'],
        [/exceeded_current_quota/, 'model/quota'],
      ),
    },
    capabilities: { ...films, reasoning: true },
  },
  ollama: {
    provider: 'ollama',
    baseURL: 'http://localhost:11434/v1',
    env: 'OLLAMA_API_KEY',
    quirks: {
      fields: { top_k: false, parallel_tool_calls: false },
      reasoningBack: 'reasoning',
      rewrite: [onlyChosen, efforts({ minimal: 'low', xhigh: 'high', max: 'high' })],
    },
    capabilities: vision,
  },
  /** `reasoning_details` hold signatures and encrypted thinking of the model behind it: they go back as they came. */
  openrouter: {
    provider: 'openrouter',
    baseURL: 'https://openrouter.ai/api/v1',
    env: 'OPENROUTER_API_KEY',
    quirks: {
      fields: completion,
      back: { reasoning_details: joinDetails },
      extras: images,
      fileUrls: true,
      rewrite: [onlyChosen, reasoningObject],
      explain: openRouterError,
    },
    capabilities: {
      tools: true,
      structured: true,
      reasoning: true,
      input: ['text', 'image', 'audio', 'video', 'pdf'],
      output: ['text', 'image'],
    },
  },
  /** Answers from the web, without tools; roles must alternate. */
  perplexity: {
    provider: 'perplexity',
    baseURL: 'https://api.perplexity.ai',
    env: 'PERPLEXITY_API_KEY',
    quirks: {
      fields: { stream_options: false, seed: false, parallel_tool_calls: false },
      fileUrls: true,
      extras: searchResults,
      rewrite: [namedFiles, alternate, efforts({ none: undefined, xhigh: 'high', max: 'high' })],
      explain: invalidModel,
    },
    capabilities: { tools: false, structured: true, input: ['text', 'image', 'pdf'] },
  },
  together: {
    provider: 'together',
    baseURL: 'https://api.together.ai/v1',
    env: 'TOGETHER_API_KEY',
    quirks: {
      fields: { parallel_tool_calls: false },
      explain: tooLong,
      rewrite: [onlyChosen, efforts({ none: undefined, minimal: 'low', xhigh: 'high', max: 'high' })],
    },
    capabilities: films,
  },
  vllm: { provider: 'vllm', baseURL: 'http://localhost:8000/v1', quirks: { reasoningBack: 'reasoning' }, capabilities: films },
  /** Chat Completions are deprecated here: `edgeswarm/providers/openai` speaks Responses. A wrong key is a 400. */
  xai: {
    provider: 'xai',
    baseURL: 'https://api.x.ai/v1',
    env: 'XAI_API_KEY',
    quirks: {
      fields: { ...completion, top_k: false },
      rewrite: [onlyChosen, efforts({ none: undefined, minimal: 'low', medium: 'high', xhigh: 'high', max: 'high' })],
      explain: means([/used all available credits|spending limit/, 'model/quota'], [/usage guidelines/, 'model/filtered']),
    },
    capabilities: vision,
  },
  /** Keeps thinking across turns where `providerOptions` say `thinking: { type: 'enabled', clear_thinking: false }`. */
  zai: {
    provider: 'zai',
    baseURL: 'https://api.z.ai/api/paas/v4',
    env: 'ZAI_API_KEY',
    quirks: {
      fields: { top_k: false, seed: false, parallel_tool_calls: false },
      reasoningBack: 'reasoning_content',
      rewrite: [onlyChosen, schemaInWords, thinkingSwitch(true)],
      explain: means([/"code":"?13(00|01)\b/, 'model/filtered'], [/"code":"?1113\b/, 'model/quota'], [/"code":"?1261\b/, 'model/context']),
    },
    capabilities: { ...films, reasoning: true },
  },
}

/** OpenAI's models in a resource of Azure; a model is named by its deployment. An older address (`…/openai/deployments/NAME?api-version=…`) takes the key as header `api-key`. */
export const azure = (resource: string): Preset => ({
  provider: 'azure',
  baseURL: `https://${resource}.openai.azure.com/openai/v1`,
  env: 'AZURE_OPENAI_API_KEY',
  quirks: { fields: { ...completion, top_k: false }, empty: null, toolId: (id) => id.slice(-40), rewrite: [] },
  capabilities: { ...vision, input: ['text', 'image', 'audio', 'pdf'] },
})

/** Workers AI by its OpenAI-like address; inside a Worker the binding is the shorter way. */
export const workersAi = (account: string): Preset => ({
  provider: 'workers-ai',
  baseURL: `https://api.cloudflare.com/client/v4/accounts/${encodeURIComponent(account)}/ai/v1`,
  env: 'CLOUDFLARE_API_TOKEN',
  quirks: { fields: { parallel_tool_calls: false }, reasoningBack: 'reasoning_content', explain: explainCloudflare },
  capabilities: vision,
})
