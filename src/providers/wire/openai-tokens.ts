import type { Usage } from '../../message.ts'
import { countIn, fields } from './fields.ts'

/** What a service consumed, where the server says it: in the words of Responses or of Chat, as a field to spread. */
export function usageIn(raw: unknown): { usage?: Usage } {
  const { input_tokens, prompt_tokens, output_tokens, completion_tokens, total_tokens } = fields(raw)
  const [input, output] = [countIn(input_tokens) ?? countIn(prompt_tokens), countIn(output_tokens) ?? countIn(completion_tokens)]
  if (input === undefined && output === undefined && countIn(total_tokens) === undefined) return {}
  return { usage: { input: input ?? Math.max(0, (countIn(total_tokens) ?? 0) - (output ?? 0)), output: output ?? 0 } }
}
