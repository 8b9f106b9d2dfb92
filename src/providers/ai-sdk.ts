import { unlessAborted } from '../abort.ts'
import { KitError } from '../errors.ts'
import { type Chunk, type Modality, model, type Model, type ModelCall, type ModelInfo } from '../model.ts'
import { encodeCall } from './wire/ai-sdk-call.ts'
import { errorOf, PartReader } from './wire/ai-sdk-chunks.ts'
import { callError, contentOf, PartWriter } from './wire/ai-sdk-parts.ts'
import { decodeCall } from './wire/ai-sdk-prompt.ts'
import type { AISDKCall, AISDKFinish, AISDKLanguageModel, AISDKModel, AISDKResponse, AISDKStreamPart } from './wire/ai-sdk-types.ts'
import { wire } from './wire/ai-sdk-types.ts'
import { untold } from './wire/untold.ts'

export type { AISDKCall, AISDKLanguageModel, AISDKModel } from './wire/ai-sdk-types.ts'

export interface FromAISDKOptions {
  /** What the model takes, which the AI SDK does not tell; default tools and structured output. Media of other kinds than `input` are refused, if it is given. */
  capabilities?: ModelInfo['capabilities']
  limits?: ModelInfo['limits']
}

/**
 * A language model of the AI SDK (specification v3 or v4, of any provider package) as a model of ours. `providerOptions['ai-sdk']` of a
 * call, message, part or tool is the AI SDK's own `providerOptions`; a tool that its provider runs is `hosted: { wire: 'ai-sdk',
 * definition: { type: 'provider', id, name, args } }`. Metadata of parts goes back with them. What the specification has no place for is
 * named in a `notice`. Errors: `model/*`, and a `TypeError` for another specification.
 * @example fromAISDK(createOpenAI({ apiKey })('gpt-5.4-mini'))
 */
export function fromAISDK(from: AISDKModel, { capabilities = { tools: true, structured: true }, limits }: FromAISDKOptions = {}): Model {
  const { specificationVersion: version, modelId: id, provider } = from
  if (version !== 'v3' && version !== 'v4') throw new TypeError(`a model of the AI SDK's specification v3 or v4, not ${String(version)}`)
  return model({ id, provider, wire, capabilities, limits }, (call) => read(from, call, capabilities.input))
}

async function* read(from: AISDKModel, call: ModelCall, takes: readonly Modality[] | undefined): AsyncGenerator<Chunk, void, void> {
  const { signal } = call
  const { provider } = from
  const until = <T>(work: PromiseLike<T>): Promise<T> => (signal ? unlessAborted(Promise.resolve(work), signal) : Promise.resolve(work))
  let stream: ReadableStreamDefaultReader<unknown> | undefined
  try {
    signal?.throwIfAborted()
    const { options, dropped } = await until(encodeCall(call, from, takes))
    if (dropped.length) yield untold(provider, dropped)
    const reader = new PartReader(provider)
    if (call.stream === false) return yield* reader.generated(await until(from.doGenerate(options as never)))
    stream = (await until(from.doStream(options as never))).stream.getReader()
    while (!reader.done) {
      const { value, done } = await until(stream.read())
      if (done) break
      yield* reader.part(value)
    }
    reader.end()
  } catch (error) {
    throw signal?.aborted ? signal.reason : errorOf(provider, error, stream !== undefined)
  } finally {
    stream?.cancel().catch(() => {})
  }
}

export interface ToAISDKOptions {
  /** Addresses that the provider reads itself, by media type; default none: the AI SDK downloads files and gives their data. */
  supportedUrls?: Record<string, RegExp[]>
}

/**
 * A model of ours for apps of the AI SDK (`ai` 7; specification v4). `providerOptions` there are by wire name (`{ 'openai-chat': … }`); a tool that
 * a provider of ours runs has the id `edgeswarm.<wire>` and its definition as `args`. What must go back to the provider (signatures,
 * items) travels in the metadata of parts. Errors are the SDK's `APICallError`, with the `KitError` as `cause`.
 * @example streamText({ model: toAISDK(anthropic('claude-haiku-5-5', { apiKey })), prompt: 'Hi' })
 */
export function toAISDK(from: Model, { supportedUrls = {} }: ToAISDKOptions = {}): AISDKLanguageModel {
  const { id: modelId, provider } = from.info
  return {
    specificationVersion: 'v4',
    provider,
    modelId,
    supportedUrls,
    replays: true,
    async doGenerate(options) {
      const { first, rest, warnings } = await begin(from, options, false)
      const parts = [...first]
      try {
        for await (const part of rest) parts.push(part)
      } catch (error) {
        throw callError(error, options.abortSignal)
      }
      const { finishReason, usage } = parts.find(({ type }) => type === 'finish') as AISDKFinish
      const { type: _, ...response } = { ...(parts.find(({ type }) => type === 'response-metadata') as AISDKResponse & { type: string }) }
      return { content: contentOf(parts), finishReason, usage, warnings, response }
    },
    async doStream(options): Promise<{ stream: ReadableStream<AISDKStreamPart> }> {
      const { first, rest, warnings, gone } = await begin(from, options, true)
      const ready: AISDKStreamPart[] = [{ type: 'stream-start', warnings }, ...first]
      return {
        stream: new ReadableStream({
          async pull(controller: ReadableStreamDefaultController<AISDKStreamPart>) {
            if (ready.length) return controller.enqueue(ready.shift()!)
            try {
              const { value, done } = await rest.next()
              if (done) controller.close()
              else controller.enqueue(value)
            } catch (error) {
              controller.enqueue({ type: 'error', error: callError(error, options.abortSignal) })
              controller.close()
            }
          },
          async cancel() {
            // what waits for the provider would not hear of an end
            gone.abort()
            await rest.return()
          },
        }),
      }
    },
  }
}

/** Reads until the answer begins: an error before that is thrown, so that the AI SDK may try again. */
async function begin(
  from: Model,
  options: AISDKCall,
  stream: boolean,
): Promise<{
  first: AISDKStreamPart[]
  rest: AsyncGenerator<AISDKStreamPart, void, void>
  warnings: PartWriter['warnings']
  gone: AbortController
}> {
  const gone = new AbortController()
  const call = decodeCall(options, stream)
  const signal = call.signal ? AbortSignal.any([call.signal, gone.signal]) : gone.signal
  const writer = new PartWriter(call)
  const parts = partsOf(from({ ...call, signal }), writer, gone)
  try {
    const { value, done } = await parts.next()
    if (done) throw new KitError('model/truncated', 'the answer is empty', { retryable: true })
    return { first: [value], rest: parts, warnings: writer.warnings, gone }
  } catch (error) {
    throw callError(error, options.abortSignal)
  }
}

async function* partsOf(
  chunks: AsyncIterable<Chunk>,
  writer: PartWriter,
  gone: AbortController,
): AsyncGenerator<AISDKStreamPart, void, void> {
  try {
    for await (const chunk of chunks) yield* writer.chunk(chunk)
    writer.end()
  } finally {
    gone.abort()
  }
}
