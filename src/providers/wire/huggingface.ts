import { type Fields, fields } from './fields.ts'
import type { Post } from './http.ts'
import type { ChatQuirks } from './openai-chat-request.ts'
import { means, onlyChosen } from './openai-chat-rewrites.ts'

export const routerURL = 'https://router.huggingface.co'

/**
 * What Hugging Face, and the backends behind it, say in words: `{ error: text }`, `{ error: [texts] }`, or plain text. A model that
 * is being loaded says how long it takes (`estimated_time`, seconds).
 */
export const explainHuggingFace: NonNullable<Post['explain']> = means(
  [/must be <= ?\d|must have less than \d+ tokens/, 'model/context'],
  [/currently loading|estimated_time/, 'model/overloaded'],
  [/exceeded your monthly included credits|pre-paid credits/, 'model/quota'],
  [/"error_type":"(validation|template)/, 'model/request'],
  [/not supported by (any )?provider|no longer supported|model_not_supported/i, 'model/unknown'],
)

/** The router: each backend behind it has a dialect of its own, which `ChatDecoder` reads as they come. */
export const routerQuirks: ChatQuirks = { explain: explainHuggingFace, files: 'huggingface', rewrite: [onlyChosen] }

/** TGI, the usual server of an Inference Endpoint, has a grammar where others have a schema. */
export const tgiQuirks = (): ChatQuirks => ({
  ...routerQuirks,
  rewrite: [onlyChosen, grammar],
  fields: { parallel_tool_calls: false },
})

/** A schema is the grammar's value; JSON of any shape is a schema that takes any object. */
function grammar(body: Fields): void {
  const { response_format: asked } = body
  if (asked) body.response_format = { type: 'json', value: fields(fields(asked).json_schema).schema ?? { type: 'object' } }
}
