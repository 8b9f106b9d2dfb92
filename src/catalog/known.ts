import type { ModelFacts } from './facts.ts'

/**
 * When these were gathered, from copies of the pages named that are of September to November 2026. No package keeps such data
 * fresh; `modelsDev` reads a fuller set, and what you know better goes into `overrides`.
 */
export const checked = '2026-11-24'

/** What holds for every model of a provider whose id fits. */
export interface Family {
  providers: readonly string[]
  ids: RegExp
  facts: Omit<ModelFacts, 'provider' | 'id'>
}

const chat = { output: ['text'], tools: true } as const

/** The first that fits an id counts. */
export const families: readonly Family[] = [
  {
    providers: ['anthropic'],
    ids: /^claude-[a-z]+-[4-9]/,
    facts: {
      ...chat,
      input: ['text', 'image', 'pdf'],
      reasoning: true,
      sources: [
        'https://platform.claude.com/docs/en/build-with-claude/pdf-support',
        'https://platform.claude.com/docs/en/build-with-claude/extended-thinking',
      ],
    },
  },
  {
    providers: ['openai'],
    ids: /^(gpt-3\.5-turbo|gpt-4(-0613|-1106-preview)?|o3-mini|gpt-oss-\d+b)(-\d{4}(-\d\d-\d\d)?)?$/,
    facts: { ...chat, input: ['text'], sources: ['https://developers.openai.com/api/docs/models'] },
  },
  {
    providers: ['openai'],
    ids: /^gpt-(4o|4o-mini|4\.1|4\.1-mini|4\.1-nano)(-\d{4}-\d\d-\d\d)?$/,
    facts: {
      ...chat,
      input: ['text', 'image', 'pdf'],
      reasoning: false,
      structured: true,
      sources: [
        'https://developers.openai.com/api/docs/guides/pdf-files',
        'https://developers.openai.com/api/docs/guides/structured-outputs',
      ],
    },
  },
  {
    providers: ['openai'],
    ids: /^(o1|o3|o4-mini|gpt-5(\.\d)?|gpt-6(\.\d)?|gpt-(5|6)(\.\d)?-(mini|nano|luna|sol|terra))(-\d{4}-\d\d-\d\d)?$/,
    facts: {
      ...chat,
      input: ['text', 'image', 'pdf'],
      reasoning: true,
      structured: true,
      sources: ['https://developers.openai.com/api/docs/guides/pdf-files', 'https://developers.openai.com/api/docs/guides/reasoning'],
    },
  },
  {
    providers: ['gemini', 'vertex'],
    ids: /^gemini-(2\.5|3(\.\d)?)-(pro|flash|flash-lite)(-preview)?(-\d\d-\d\d(\d\d)?)?$/,
    facts: {
      ...chat,
      input: ['text', 'image', 'audio', 'video', 'pdf'],
      reasoning: true,
      structured: true,
      sources: ['https://ai.google.dev/gemini-api/docs/models'],
    },
  },
  {
    providers: ['mistral'],
    ids: /^(mistral-(large|medium|small)-(latest|25(0[5-9]|1\d)|26\d\d)|ministral-\d+b-(latest|2512)|pixtral-.+)$/,
    facts: { ...chat, input: ['text', 'image'], structured: true, sources: ['https://docs.mistral.ai/capabilities/vision'] },
  },
  {
    providers: ['cohere'],
    ids: /^command-(a|r|r-plus|r7b)(-reasoning)?-\d\d-\d{4}$/,
    facts: { ...chat, input: ['text'], structured: true, sources: ['https://docs.cohere.com/docs/models'] },
  },
  {
    providers: ['deepseek'],
    ids: /^deepseek-(chat|reasoner)$/,
    facts: { ...chat, input: ['text'], sources: ['https://api-docs.deepseek.com/quick_start/pricing'] },
  },
]

/** Models of one provider that end on one day. */
export interface Ending {
  provider: string
  /** `YYYY-MM-DD`. */
  retires: string
  ids: readonly string[]
  replacement?: string
  source: string
}

const openai = 'https://developers.openai.com/api/docs/deprecations'
const anthropic = 'https://platform.claude.com/docs/en/about-claude/model-deprecations'
const gemini = 'https://ai.google.dev/gemini-api/docs/deprecations'
const mistral = 'https://docs.mistral.ai/models'

/** Announced ends. A day that a provider calls tentative, or the earliest possible, is none. */
export const endings: readonly Ending[] = [
  { provider: 'anthropic', retires: '2025-10-28', ids: ['claude-3-5-sonnet-20240620', 'claude-3-5-sonnet-20241022'], source: anthropic },
  { provider: 'anthropic', retires: '2026-01-05', ids: ['claude-3-opus-20240229'], source: anthropic },
  {
    provider: 'anthropic',
    retires: '2026-02-19',
    ids: ['claude-3-7-sonnet-20250219', 'claude-3-5-haiku-20241022'],
    source: anthropic,
  },
  { provider: 'anthropic', retires: '2026-04-20', ids: ['claude-3-haiku-20240307'], source: anthropic },
  {
    provider: 'anthropic',
    retires: '2026-06-15',
    ids: ['claude-sonnet-4-0', 'claude-sonnet-4-20250514', 'claude-opus-4-0', 'claude-opus-4-20250514'],
    source: anthropic,
  },
  { provider: 'anthropic', retires: '2026-08-05', ids: ['claude-opus-4-1', 'claude-opus-4-1-20250805'], source: anthropic },
  {
    provider: 'anthropic',
    retires: '2026-11-30',
    ids: ['claude-sonnet-4-5', 'claude-sonnet-4-5-20250929'],
    replacement: 'claude-sonnet-5-5',
    source: anthropic,
  },
  {
    provider: 'cohere',
    retires: '2026-04-04',
    ids: ['embed-english-v2.0', 'embed-english-light-v2.0', 'embed-multilingual-v2.0'],
    source: 'https://docs.cohere.com/docs/deprecations',
  },
  { provider: 'gemini', retires: '2026-01-14', ids: ['text-embedding-004'], replacement: 'gemini-embedding-2', source: gemini },
  {
    provider: 'gemini',
    retires: '2026-06-01',
    ids: ['gemini-2.0-flash', 'gemini-2.0-flash-001', 'gemini-2.0-flash-lite', 'gemini-2.0-flash-lite-001'],
    source: gemini,
  },
  {
    provider: 'gemini',
    retires: '2026-03-09',
    ids: ['gemini-3-pro-preview'],
    replacement: 'gemini-3.1-pro-preview',
    source: gemini,
  },
  { provider: 'gemini', retires: '2026-12-01', ids: ['gemini-2.5-pro'], replacement: 'gemini-3.8-flash', source: gemini },
  { provider: 'gemini', retires: '2026-12-01', ids: ['gemini-2.5-flash'], replacement: 'gemini-3.5-flash-lite', source: gemini },
  { provider: 'mistral', retires: '2026-05-31', ids: ['mistral-large-2411', 'pixtral-large-2411', 'mistral-ocr-2505'], source: mistral },
  {
    provider: 'mistral',
    retires: '2026-07-31',
    ids: ['mistral-small-2506', 'magistral-medium-2509', 'magistral-small-2509', 'devstral-2512', 'open-mistral-nemo-2407'],
    source: mistral,
  },
  { provider: 'mistral', retires: '2026-08-31', ids: ['mistral-medium-2505', 'mistral-medium-2508'], source: mistral },
  {
    provider: 'openai',
    retires: '2026-10-23',
    ids: ['gpt-3.5-turbo', 'gpt-3.5-turbo-0125', 'o4-mini', 'o4-mini-2025-04-16'],
    replacement: 'gpt-5.6-terra',
    source: openai,
  },
  {
    provider: 'openai',
    retires: '2026-10-23',
    ids: [
      'gpt-4',
      'gpt-4-0613',
      'gpt-4-1106-preview',
      'gpt-4-turbo',
      'gpt-4-turbo-2024-04-09',
      'gpt-4o-2024-05-13',
      'o1',
      'o1-2024-12-17',
      'o1-pro',
      'o1-pro-2025-03-19',
      'o3-mini',
      'o3-mini-2025-01-31',
    ],
    replacement: 'gpt-5.6-sol',
    source: openai,
  },
  {
    provider: 'openai',
    retires: '2026-10-23',
    ids: ['gpt-4.1-nano', 'gpt-4.1-nano-2025-04-14'],
    replacement: 'gpt-5.6-luna',
    source: openai,
  },
  {
    provider: 'openai',
    retires: '2026-12-01',
    ids: ['gpt-image-1-mini', 'gpt-image-1.5', 'gpt-image-1.5-2025-12-16', 'chatgpt-image-latest'],
    replacement: 'gpt-image-2.6-flare',
    source: openai,
  },
  { provider: 'openai', retires: '2026-12-11', ids: ['gpt-5', 'gpt-5-2025-08-07'], replacement: 'gpt-6.1-sol', source: openai },
  {
    provider: 'openai',
    retires: '2026-12-11',
    ids: ['gpt-5-mini', 'gpt-5-mini-2025-08-07'],
    replacement: 'gpt-6.1-terra',
    source: openai,
  },
  {
    provider: 'openai',
    retires: '2026-12-11',
    ids: ['gpt-5-nano', 'gpt-5-nano-2025-08-07', 'gpt-5-pro', 'o3', 'o3-2025-04-16', 'o3-pro'],
    source: openai,
  },
  { provider: 'openai', retires: '2027-01-06', ids: ['tts-1', 'tts-1-hd', 'gpt-4o-mini-tts'], source: openai },
  {
    provider: 'openai',
    retires: '2027-01-14',
    ids: [
      'gpt-4o',
      'gpt-4o-2024-08-06',
      'gpt-4o-2024-11-20',
      'gpt-4o-mini',
      'gpt-4o-mini-2024-07-18',
      'gpt-4.1',
      'gpt-4.1-2025-04-14',
      'gpt-4.1-mini',
      'gpt-4.1-mini-2025-04-14',
    ],
    replacement: 'gpt-6-luna',
    source: openai,
  },
  { provider: 'openai', retires: '2027-01-20', ids: ['gpt-realtime', 'gpt-audio'], source: openai },
  { provider: 'openai', retires: '2027-02-01', ids: ['gpt-5.5-cyber-preview'], source: openai },
  {
    provider: 'openai',
    retires: '2027-02-26',
    ids: ['whisper-1', 'gpt-4o-transcribe', 'gpt-4o-mini-transcribe', 'gpt-4o-transcribe-diarize'],
    source: openai,
  },
  { provider: 'openai', retires: '2027-04-01', ids: ['gpt-5.1', 'gpt-5.3-codex', 'gpt-5.4-nano'], source: openai },
]
