// Every provider of the kit, with the fake server of its vendor.
import { anthropic } from '../../src/providers/anthropic.ts'
import { bedrock } from '../../src/providers/bedrock.ts'
import { cohere } from '../../src/providers/cohere.ts'
import { gemini, vertex } from '../../src/providers/gemini.ts'
import { huggingface } from '../../src/providers/huggingface.ts'
import { mistral } from '../../src/providers/mistral.ts'
import { ollama } from '../../src/providers/ollama.ts'
import { openai } from '../../src/providers/openai.ts'
import { openaiChat, openaiCompatible } from '../../src/providers/openai-chat.ts'
import { azure, presets, workersAi } from '../../src/providers/presets.ts'
import { workersAi as workersAiRun } from '../../src/providers/workers-ai.ts'
import { type ChatServerName, chatServers, fakeAI, type Subject } from '../../src/testing/conformance.ts'

export interface Row extends Subject {
  name: string
  /** `wire`: a client of its own; `preset`: data over a wire. */
  kind: 'wire' | 'preset'
  /** The model that is asked for. */
  id: string
}

const native = (name: string, id: string, subject: Subject): Row => ({ name, kind: 'wire', id, ...subject })

/** A preset against the server of its vendor's dialect. */
const preset = (name: ChatServerName, id: string, server = presets[name as keyof typeof presets], as: string = name): Row => ({
  name: as,
  kind: 'preset',
  id,
  wire: chatServers[name],
  model: (to) => openaiCompatible(server, to)(id),
})

export const subjects: readonly Row[] = [
  native('openai-chat', 'gpt-5.4-mini', { wire: 'openai-chat', model: (to) => openaiChat('gpt-5.4-mini', to) }),
  native('openai (Responses)', 'gpt-5.4-mini', { wire: 'openai-responses', model: (to) => openai('gpt-5.4-mini', to) }),
  native('anthropic', 'claude-haiku-4-5', { wire: 'anthropic-messages', model: (to) => anthropic('claude-haiku-4-5', to) }),
  native('gemini', 'gemini-3.8-flash', { wire: 'gemini', model: (to) => gemini('gemini-3.8-flash', to) }),
  native('vertex', 'gemini-3.8-flash', {
    wire: 'gemini',
    model: ({ apiKey, ...to }) => vertex('gemini-3.8-flash', { project: 'p', token: apiKey, ...to }),
  }),
  native('bedrock', 'us.anthropic.claude-haiku-4-5-20251001-v1:0', {
    wire: 'bedrock',
    model: (to) => bedrock('us.anthropic.claude-haiku-4-5-20251001-v1:0', { region: 'us-east-1', ...to }),
  }),
  native('cohere', 'command-a-plus-05-2026', { wire: 'cohere-v2', model: (to) => cohere('command-a-plus-05-2026', to) }),
  native('mistral', 'mistral-medium-latest', { wire: chatServers.mistral, model: (to) => mistral('mistral-medium-latest', to) }),
  native('ollama', 'qwen3', { wire: 'ollama', model: (to) => ollama('qwen3', to) }),
  native('huggingface', 'openai/gpt-oss-120b:groq', {
    wire: chatServers.huggingface,
    model: (to) => huggingface('openai/gpt-oss-120b:groq', to),
  }),
  native('huggingface (TGI endpoint)', 'tgi', {
    wire: chatServers.tgi,
    model: ({ baseURL: endpoint, ...to }) => huggingface('tgi', { ...to, endpoint: `${endpoint}/v1` }),
  }),
  native('workers-ai', '@cf/zai-org/glm-5.3-flash', {
    wire: 'workers-ai-chat',
    model: (to) => workersAiRun('@cf/zai-org/glm-5.3-flash', to),
  }),
  native('workers-ai (older models)', '@cf/meta/llama-3.3-70b-instruct-fp8-fast', {
    wire: 'workers-ai',
    model: (to) => workersAiRun('@cf/meta/llama-3.3-70b-instruct-fp8-fast', to),
  }),
  native('workers-ai (env.AI)', '@cf/zai-org/glm-5.3-flash', {
    wire: 'workers-ai-chat',
    model: ({ server, headers }) => workersAiRun('@cf/zai-org/glm-5.3-flash', { binding: fakeAI(server), ...(headers && { headers }) }),
    except: {
      'model and key': 'a binding has no key',
      gzip: 'a binding is no connection',
      'nobody there': 'a binding is no connection',
    },
  }),
  preset('alibaba', 'qwen3.5-plus'),
  preset('azure', 'my-deployment', azure('acme')),
  preset('cerebras', 'gpt-oss-120b'),
  preset('cohere', 'command-a-03-2025', presets.cohere, 'cohere (compatible)'),
  preset('deepseek', 'deepseek-chat'),
  preset('fireworks', 'accounts/fireworks/models/kimi-k2p5'),
  preset('gemini', 'gemini-3.8-flash', presets.gemini, 'gemini (compatible)'),
  preset('groq', 'openai/gpt-oss-120b'),
  preset('huggingface', 'openai/gpt-oss-120b:groq', presets.huggingface, 'huggingface (router)'),
  preset('tgi', 'tgi', presets.huggingface, 'TGI'),
  preset('llamaCpp', 'local'),
  preset('lmStudio', 'qwen3-8b'),
  preset('localAi', 'qwen3-8b'),
  preset('mistral', 'mistral-medium-latest', presets.mistral, 'mistral (preset)'),
  preset('moonshot', 'kimi-k2.5'),
  preset('ollama', 'qwen3', presets.ollama, 'ollama (compatible)'),
  preset('openrouter', 'anthropic/claude-haiku-4.5'),
  preset('perplexity', 'sonar'),
  preset('together', 'moonshotai/Kimi-K2.5'),
  preset('vllm', 'Qwen/Qwen3-8B'),
  preset('workersAi', '@cf/openai/gpt-oss-120b', workersAi('account'), 'workers-ai (v1)'),
  preset('xai', 'grok-4.3', presets.xai, 'xai (chat)'),
  preset('zai', 'glm-5'),
]
