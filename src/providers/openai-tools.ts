// OpenAI's own tools, for the `tools` of an agent whose model speaks Responses; other models are not told of them.
import type { Schema } from '../schema.ts'
import { tool, type Tool, type ToolDefinition } from '../tool.ts'
import { defined } from './wire/fields.ts'

/** Fields of OpenAI's definition that have no name here. */
type More = Readonly<Record<string, unknown>>

function hosted(
  name: string,
  definition: Record<string, unknown>,
  more: Partial<ToolDefinition<Schema<unknown, unknown>, unknown>> = {},
): Tool {
  return tool({ name, hosted: { wire: 'openai-responses', definition: defined(definition) }, ...more })
}

export interface WebSearchOptions {
  /** At most 100 domains, without `https://`; their subdomains too. */
  domains?: readonly string[]
  contextSize?: 'low' | 'medium' | 'high'
  /** ISO 3166 country, IANA time zone. */
  location?: { city?: string; country?: string; region?: string; timezone?: string }
  more?: More
}

/** Searches the web; citations are `source` events. */
export const webSearch = ({ domains, contextSize, location, more }: WebSearchOptions = {}): Tool =>
  hosted('web_search', {
    type: 'web_search',
    filters: domains && { allowed_domains: domains },
    search_context_size: contextSize,
    user_location: location && { type: 'approximate', ...location },
    ...more,
  })

export interface FileSearchOptions {
  /** Ids of vector stores (`vs_…`). */
  stores: readonly string[]
  /** 1 to 50. */
  results?: number
  /** On attributes of the files, in OpenAI's words. */
  filters?: More
  more?: More
}

/** Searches files in OpenAI's vector stores; what it found is in the result where `include` asks for `file_search_call.results`. */
export const fileSearch = ({ stores, results, filters, more }: FileSearchOptions): Tool =>
  hosted('file_search', { type: 'file_search', vector_store_ids: stores, max_num_results: results, filters, ...more })

export interface CodeInterpreterOptions {
  /** A container of yours; default a new one. */
  container?: string
  /** Ids of files for a new container. */
  files?: readonly string[]
  more?: More
}

/** Runs Python in a container of OpenAI's. */
export const codeInterpreter = ({ container, files, more }: CodeInterpreterOptions = {}): Tool =>
  hosted('code_interpreter', { type: 'code_interpreter', container: container ?? defined({ type: 'auto', file_ids: files }), ...more })

export interface ImageGenerationOptions {
  model?: string
  /** Pixels, `1024x1024`. */
  size?: string
  quality?: 'low' | 'medium' | 'high' | 'auto'
  format?: 'png' | 'webp' | 'jpeg'
  more?: More
}

/** Makes images, which are parts of the answer. */
export const imageGeneration = ({ model, size, quality, format, more }: ImageGenerationOptions = {}): Tool =>
  hosted('image_generation', { type: 'image_generation', model, size, quality, output_format: format, ...more })

/** What a server of MCP is about to be asked. */
export interface McpRequest {
  server_label: string
  name: string
  arguments: unknown
}

export interface McpOptions {
  /** Its name to the model, and the tool's: 1 to 64 letters, digits, `_` or `-`. */
  label: string
  url: string
  description?: string
  /** Only these tools of the server. */
  tools?: readonly string[]
  /** An OAuth token, sent to OpenAI with every call and kept nowhere. */
  authorization?: string
  headers?: Readonly<Record<string, string>>
  /**
   * Who says yes before OpenAI asks the server: `true` (default) parks the run until the session's owner does, a function says
   * which requests need that, `false` lets OpenAI go on.
   */
  approval?: boolean | ((request: McpRequest) => boolean | Promise<boolean>)
  more?: More
}

/** A server of MCP that OpenAI talks to. A request that was approved or declined is the kit's own pending, bound to the server's address. */
export function mcp({ label, url, description, tools, authorization, headers, approval = true, more }: McpOptions): Tool {
  const definition = {
    type: 'mcp',
    server_label: label,
    server_url: url,
    server_description: description,
    allowed_tools: tools,
    authorization,
    headers,
    require_approval: approval === false ? 'never' : 'always',
    ...more,
  }
  // the answer to a request is yes or no: running it is OpenAI's
  return hosted(label, definition, {
    version: url,
    approval: typeof approval === 'function' ? (request) => approval(request as McpRequest) : approval,
    run: () => true,
    idempotent: true,
  })
}
