import { type Fields, fields, objects } from './wire/fields.ts'

export interface PromptCacheOptions {
  /** How long an entry lives after its last use; default `5m`. Writing costs a quarter more than input for `5m`, twice as much for `1h`. */
  ttl?: '5m' | '1h'
  /** The same for tools and instructions only, where they outlive the conversation; not shorter than `ttl`, which the API refuses. */
  prefix?: '5m' | '1h'
}

/**
 * Marks what a next request will begin with again, so that it is read from the provider's prompt cache: the tools, the instructions,
 * and where the last two turns of the user end. The last mark of a request is where the one before it had its own, so a conversation
 * that grows finds its beginning again however long a turn was (the API looks back only 20 blocks from a mark). At most four marks,
 * which is the API's limit; a request that was marked by hand is left as it is. It is not on by default, since a question that is
 * asked once pays for an entry that nobody reads.
 * @example anthropic('claude-sonnet-5-5', { apiKey, cache: promptCache() })
 */
export function promptCache({ ttl = '5m', prefix = ttl }: PromptCacheOptions = {}): (body: Record<string, unknown>) => void {
  if (ttl === '1h' && prefix === '5m') throw new TypeError('tools and instructions must not be kept shorter than the conversation')
  return function markPrefixes(body) {
    if (body.cache_control !== undefined || marked(body)) return
    // a tool that is found by search is not part of the prefix, and may not be marked
    mark(body.tools, prefix, ({ defer_loading }) => !defer_loading)
    mark(body.system, prefix, () => true)
    const asked = objects(body.messages).filter(({ role }) => role === 'user')
    for (const { content } of asked.slice(-2)) mark(content, ttl, ({ type }) => markable.has(String(type)))
  }
}

/** Marks the last that may be, in a copy: a block may be the transcript's own. */
function mark(blocks: unknown, ttl: '5m' | '1h', may: (block: Fields) => boolean): void {
  if (!Array.isArray(blocks)) return
  const at = blocks.findLastIndex((block) => may(fields(block)))
  if (at >= 0) blocks[at] = { ...fields(blocks[at]), cache_control: ttl === '1h' ? { type: 'ephemeral', ttl } : { type: 'ephemeral' } }
}

/** What a turn of the user may end with and the API takes a mark on. */
const markable = new Set(['text', 'image', 'document', 'search_result', 'tool_result'])

const marked = ({ tools, system, messages }: Fields): boolean =>
  [...objects(tools), ...objects(system), ...objects(messages).flatMap(({ content }) => objects(content))].some(
    (block) => block.cache_control || objects(fields(block).content).some(({ cache_control }) => cache_control),
  )
