import type { ResponsesQuirks } from './openai-responses.ts'

/** Where a server is and how it differs. */
export interface ResponsesServer {
  provider: string
  baseURL: string
  quirks?: ResponsesQuirks
}

/** Reasoning comes in the open, and a choice among some tools is not known. */
const open: ResponsesQuirks = { encrypted: false, allowedTools: false }

/** Servers that speak the Responses API, as options to spread; as of 2026-11. */
export const responsesServers: Readonly<Record<'xai' | 'deepseek' | 'openrouter' | 'huggingface' | 'ollama', ResponsesServer>> = {
  xai: { provider: 'xai', baseURL: 'https://api.x.ai/v1', quirks: { toolMedia: false } },
  deepseek: { provider: 'deepseek', baseURL: 'https://api.deepseek.com', quirks: open },
  openrouter: { provider: 'openrouter', baseURL: 'https://openrouter.ai/api/v1' },
  huggingface: { provider: 'huggingface', baseURL: 'https://router.huggingface.co/v1', quirks: open },
  ollama: { provider: 'ollama', baseURL: 'http://localhost:11434/v1', quirks: open },
}
