import { model, type Chunk, type Model, type ModelInfo } from '../model.ts'
import { type ClaudeTraits, encodeMessages, MessagesDecoder, traitsOf } from './wire/anthropic-messages.ts'
import { askBedrock, type BedrockConnection, eventOf, type FrameDecoder } from './wire/aws.ts'
import type { Frame } from './wire/aws-events.ts'
import { chunkOf } from './wire/bedrock-decode.ts'
import type { Fields } from './wire/fields.ts'
import { wire } from './wire/anthropic-models.ts'

export interface BedrockAnthropicOptions extends BedrockConnection {
  /** Named in errors and events; default `bedrock`. */
  provider?: string
  /** Sent as `anthropic_beta`. */
  betas?: readonly string[]
  /** What the model takes, over what is known of it by its name. */
  traits?: Partial<ClaudeTraits>
  capabilities?: ModelInfo['capabilities']
  /** `limits.output` is the `max_tokens` of a call that names none. */
  limits?: ModelInfo['limits']
}

/**
 * Claude on Bedrock in its own words (InvokeModel with bodies of the Messages API): for what Converse has no place for. The wire is
 * `anthropic-messages`, so a transcript goes over to Anthropic's own API and back with its signatures. Errors: `model/*`.
 * @example bedrockAnthropic('us.anthropic.claude-sonnet-4-5-20250929-v1:0', { region: 'us-east-1', apiKey })
 */
export function bedrockAnthropic(id: string, options: BedrockAnthropicOptions): Model {
  const { provider = 'bedrock', betas } = options
  const known = { ...traitsOf(id), ...options.traits }
  const limits = { context: known.context, output: known.output, ...options.limits }
  const traits = { ...known, output: limits.output }
  const capabilities = options.capabilities ?? {
    tools: true,
    structured: true,
    reasoning: traits.thinking !== 'none',
    input: ['text', 'image', 'pdf'],
  }
  return model({ id, provider, wire, capabilities, limits }, (call) =>
    askBedrock(call, provider, options, () => {
      const { body, dropped } = encodeMessages(call, id, traits, 'bedrock-2023-05-31')
      // the model is in the path, and the operation says whether it streams
      const { model: _, stream: __, ...rest } = body
      return {
        model: id,
        operation: call.stream === false ? 'invoke' : 'invoke-with-response-stream',
        body: { anthropic_version: 'bedrock-2023-05-31', anthropic_beta: betas?.length ? betas : undefined, ...rest },
        dropped,
        decoder: new InvokeDecoder(provider),
      }
    }),
  )
}

/** Events of the Messages API in AWS's event stream. */
class InvokeDecoder implements FrameDecoder {
  readonly #provider: string
  readonly #inner: MessagesDecoder

  constructor(provider: string) {
    this.#provider = provider
    this.#inner = new MessagesDecoder(provider)
  }

  frame(frame: Frame): Iterable<Chunk> {
    const { type, event } = eventOf(frame, this.#provider)
    return type === 'chunk' ? this.#inner.event({ data: JSON.stringify(chunkOf(event, this.#provider)) } as never) : []
  }

  body(body: Fields): Iterable<Chunk> {
    return this.#inner.body(body)
  }

  end(): Iterable<Chunk> {
    return this.#inner.end()
  }
}
