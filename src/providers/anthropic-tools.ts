import type { ProviderOptions } from '../message.ts'
import { tool, type Tool } from '../tool.ts'
import { wire } from './wire/anthropic-models.ts'
import { defined, type Fields } from './wire/fields.ts'

/** What every tool of this file takes beside its own: fields of its definition as the API names them, e.g. `strict`. */
export interface HostedOptions {
  /** Another version than the one of November 2026, as the date in its type. */
  version?: string
  fields?: Readonly<Record<string, unknown>>
}

export interface WebOptions extends HostedOptions {
  /** How often in one request. */
  maxUses?: number
  /** Only these, or all but those: not both. */
  allowedDomains?: readonly string[]
  blockedDomains?: readonly string[]
  /** Let the model sift by code what was found before it reads it: models from 4.6 on. Default false, which every model takes. */
  sift?: boolean
}

export interface WebSearchOptions extends WebOptions {
  /** Where the user is, for better results; `country` as ISO 3166-1, `timezone` as IANA. */
  location?: { city?: string; region?: string; country?: string; timezone?: string }
}

/**
 * Web search by the provider; what it found comes as `source` events, what it costs is in the provider's price list by the search.
 * @example agent({ name: 'news', model: anthropic('claude-sonnet-5-5'), tools: [webSearch({ maxUses: 3 })] })
 */
export const webSearch = ({ version = '20260318', location, ...options }: WebSearchOptions = {}): Tool =>
  hosted('web_search', version, { ...web(options, version), user_location: location && { type: 'approximate', ...location } })

export interface WebFetchOptions extends WebOptions {
  /** Whether the answer cites the page; default false. */
  citations?: boolean
  /** About how much of a page is read. */
  maxTokens?: number
  /** False reads the page anew. */
  cached?: boolean
}

/** Reads pages and PDFs at addresses that are in the conversation already: the provider fetches no address that a model made up. */
export const webFetch = ({ version = '20260318', citations, maxTokens, cached, ...options }: WebFetchOptions = {}): Tool =>
  hosted('web_fetch', version, {
    ...web(options, version),
    citations: citations && { enabled: true },
    max_content_tokens: maxTokens,
    use_cache: cached,
  })

/**
 * Runs Python and Bash in a container of the provider, which the rest of the conversation keeps while it lives. The default version is
 * what every model takes; `20260120` and later let the model call other tools from its code.
 */
export const codeExecution = ({ version = '20250825', fields }: HostedOptions = {}): Tool =>
  hosted('code_execution', version, { ...fields })

/** Finds the tools that are `deferred`: by regular expressions that the model writes, or by words (`bm25`). */
export const toolSearch = (by: 'regex' | 'bm25' = 'bm25', { version = '20251119', fields }: HostedOptions = {}): Tool =>
  hosted(`tool_search_tool_${by}`, version, { ...fields })

/** A tool that the model is told of only when `toolSearch` finds it. At least one tool of a request must not be deferred. */
export const deferred = (found: Tool): Tool =>
  Object.freeze({ ...found, providerOptions: merged(found.providerOptions, { defer_loading: true }) })

export interface McpOptions extends Pick<HostedOptions, 'fields'> {
  /** An https address that the provider can reach. */
  url: string
  /** Sent to that server as its bearer token. */
  token?: string
  /** Only these of its tools; default all. */
  tools?: readonly string[]
  /** Whether they wait for `toolSearch`. */
  deferred?: boolean
}

/**
 * The tools of an MCP server, called by the provider. The token goes to the provider in every request.
 * @example mcpServer('wiki', { url: 'https://mcp.example.com', tools: ['ask'] })
 */
export function mcpServer(name: string, { url, token, tools, deferred, fields }: McpOptions): Tool {
  if (!url.startsWith('https://')) throw new TypeError(`an MCP server is reached by https: ${url}`)
  const later = deferred && { defer_loading: true }
  const definition = defined({
    type: 'mcp_toolset',
    mcp_server_name: name,
    default_config: tools ? { enabled: false, ...later } : later || undefined,
    configs: tools && Object.fromEntries(tools.map((one) => [one, { enabled: true }])),
    ...fields,
  })
  const server = defined({ type: 'url', name, url, authorization_token: token })
  return tool({
    name,
    hosted: { wire, definition },
    providerOptions: { [wire]: { betas: ['mcp-client-2025-11-20'], server } },
  })
}

export interface ContextEditingOptions {
  /** Old results of tools are cleared from what the model reads, above `above` input tokens (default 100,000) or uses of tools. */
  toolUses?: {
    above?: number | { uses: number }
    /** The latest uses that stay; default 3. */
    keep?: number
    /** Tokens that a clearing must win, or it is not worth the lost cache. */
    atLeast?: number
    /** Names of tools whose results stay, e.g. `memory`. */
    except?: readonly string[]
    /** Clear what the tools were given, too. */
    inputs?: boolean
  }
  /** The latest turns whose thinking stays; `all` is best for the prompt cache. */
  thinking?: { keep: number | 'all' }
  /** The conversation is summed up above so many input tokens (at least 50,000; the API's default is 150,000). */
  compact?: { above?: number; instructions?: string; pause?: boolean }
}

/**
 * Settings that let the provider edit what the model reads of a long conversation; the transcript stays whole. What it left out
 * is said in a `notice` (`context/edited`).
 * @example agent({ name: 'a', model, settings: { providerOptions: contextEditing({ toolUses: { except: ['memory'] } }) } })
 */
export function contextEditing({ toolUses, thinking, compact }: ContextEditingOptions): ProviderOptions {
  const edits = [
    // the API wants this one first
    thinking && {
      type: 'clear_thinking_20251015',
      keep: thinking.keep === 'all' ? 'all' : { type: 'thinking_turns', value: thinking.keep },
    },
    toolUses && {
      type: 'clear_tool_uses_20250919',
      trigger: toolUses.above === undefined ? undefined : above(toolUses.above),
      keep: toolUses.keep === undefined ? undefined : { type: 'tool_uses', value: toolUses.keep },
      clear_at_least: toolUses.atLeast === undefined ? undefined : { type: 'input_tokens', value: toolUses.atLeast },
      exclude_tools: toolUses.except,
      clear_tool_inputs: toolUses.inputs,
    },
    compact && {
      type: 'compact_20260112',
      trigger: compact.above === undefined ? undefined : above(compact.above),
      instructions: compact.instructions,
      pause_after_compaction: compact.pause,
    },
  ].flatMap((edit) => (edit ? defined(edit as Fields) : []))
  const betas = [(thinking || toolUses) && 'context-management-2025-06-27', compact && 'compact-2026-01-12'].filter(Boolean)
  return { [wire]: { context_management: { edits }, betas } }
}

const above = (limit: number | { uses: number }): Fields =>
  typeof limit === 'number' ? { type: 'input_tokens', value: limit } : { type: 'tool_uses', value: limit.uses }

const hosted = (name: string, version: string, definition: Fields): Tool =>
  tool({ name, hosted: { wire, definition: defined({ type: `${name}_${version}`, name, ...definition }) } })

/** The first versions know no other caller than the model itself. */
function web({ maxUses, allowedDomains, blockedDomains, sift, fields }: Omit<WebOptions, 'version'>, version: string): Fields {
  if (allowedDomains && blockedDomains) throw new TypeError('either domains are allowed or others are blocked, not both')
  return {
    max_uses: maxUses,
    allowed_domains: allowedDomains,
    blocked_domains: blockedDomains,
    allowed_callers: sift || version < '2026' ? undefined : ['direct'],
    ...fields,
  }
}

const merged = (before: ProviderOptions | undefined, own: Fields): ProviderOptions => ({ ...before, [wire]: { ...before?.[wire], ...own } })
