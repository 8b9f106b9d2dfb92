import { AwsV4Signer } from 'aws4fetch'
import { KitError, type KitErrorCode } from '../../errors.ts'
import type { Chunk, ModelCall } from '../../model.ts'
import { withReady } from '../../ready.ts'
import { type Frame, FrameReader } from './aws-events.ts'
import { type Fields, fields, textIn } from './fields.ts'
import { broken, codeOf, type Connection, keyOf, mayRetry, parse, post, whole } from './http.ts'
import { untold } from './untold.ts'

/** Keys of AWS, as its own configuration names them. */
export interface AwsCredentials {
  accessKeyId: string
  secretAccessKey: string
  /** Of temporary keys. */
  sessionToken?: string
}

/** How to reach Bedrock: a Bedrock API key (`apiKey`, sent as bearer), or keys that sign each request (Signature Version 4). */
export interface BedrockConnection extends Connection, Partial<AwsCredentials> {
  /** e.g. `eu-central-1`; part of the address and of the signature. */
  region: string
  /** Keys that change: asked for before each call. */
  credentials?: () => AwsCredentials | Promise<AwsCredentials>
}

/** Reads the answers of one wire over AWS's event stream. */
export interface FrameDecoder {
  frame(frame: Frame): Iterable<Chunk>
  body(body: Fields): Iterable<Chunk>
  end(): Iterable<Chunk>
}

export interface AwsExchange {
  /** What stands after the model in the path, e.g. `converse`. */
  operation: string
  model: string
  body: unknown
  decoder: FrameDecoder
  dropped: readonly string[]
}

/** Asks Bedrock and reads the answer, an event stream or one body. Errors: `model/*`. */
export const askBedrock = (
  call: ModelCall,
  provider: string,
  options: BedrockConnection,
  prepare: () => AwsExchange,
): AsyncIterable<Chunk> => withReady((queue) => ask(queue, call, provider, options, prepare))

async function* ask(
  queue: Chunk[],
  { signal }: ModelCall,
  provider: string,
  options: BedrockConnection,
  prepare: () => AwsExchange,
): AsyncGenerator<Chunk, void, void> {
  const { operation, model, body, decoder, dropped } = prepare()
  const { region, baseURL = `https://bedrock-runtime.${region}.amazonaws.com` } = options
  const key = await keyOf(options)
  const keys = key === undefined ? await keysOf(options) : undefined
  const send = options.fetch ?? fetch
  // what went wrong stands in a header of the response
  let named = ''
  const signed: typeof fetch = async (url, init) => {
    const { headers } = keys
      ? await new AwsV4Signer({
          ...keys,
          region,
          service: 'bedrock',
          url: url as string,
          method: 'POST',
          headers: init!.headers!,
          body: init!.body!,
        }).sign()
      : init!
    const response = await send(url, { ...init, headers: Object.fromEntries(new Headers(headers)) })
    named = response.headers.get('x-amzn-errortype') ?? ''
    return response
  }
  const response = await post({
    url: `${baseURL.replace(/\/+$/, '')}/model/${encodeURIComponent(model)}/${operation}`,
    body,
    headers: { ...(key !== undefined && { authorization: `Bearer ${key}` }), ...options.headers },
    provider,
    fetch: signed,
    signal,
    explain: (said) => explain(named, said),
  })
  if (dropped.length) yield untold(provider, dropped)
  if (/application\/json/i.test(response.headers.get('content-type') ?? '')) yield* decoder.body(await whole(response, signal, provider))
  else {
    const frames = new FrameReader(provider)
    const reader = response.body?.getReader()
    const batch: Frame[] = []
    try {
      for (;;) {
        const { value, done } = (await reader?.read().catch((cause: unknown) => {
          throw broken(cause, signal, provider)
        })) ?? { done: true, value: undefined }
        if (done) break
        try {
          frames.feed(value, batch)
        } finally {
          try {
            for (const frame of batch.splice(0)) for (const chunk of decoder.frame(frame)) queue.push(chunk)
          } finally {
            while (queue.length) yield queue.shift()!
          }
        }
      }
    } finally {
      reader?.cancel().catch(() => {})
    }
  }
  yield* decoder.end()
}

async function keysOf(options: BedrockConnection): Promise<AwsCredentials> {
  const { accessKeyId, secretAccessKey, sessionToken } = (await options.credentials?.()) ?? options
  if (!accessKeyId || !secretAccessKey) throw new KitError('model/auth', 'Bedrock needs an apiKey, or accessKeyId and secretAccessKey')
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) }
}

/** The payload of a message as an object, and what an exception in the stream means. Throws `model/*` for one. */
export function eventOf({ headers, payload }: Frame, provider: string): { type: string; event: Fields } {
  const text = new TextDecoder().decode(payload)
  const kind = headers[':message-type']
  if (kind === 'exception' || kind === 'error') throw streamError(provider, headers, parse(text) ?? text)
  const event = parse(text)
  if (typeof event !== 'object' || event === null)
    throw new KitError('model/garbled', `${provider} sent an event that is not JSON`, { provider, cause: text.slice(0, 10_000) })
  return { type: headers[':event-type'] ?? '', event: event as Fields }
}

/** Names of errors, in the header of a response or of a message in the stream. https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html */
const codes: Readonly<Record<string, KitErrorCode>> = {
  accessdenied: 'model/auth',
  expiredtoken: 'model/auth',
  incompletesignature: 'model/auth',
  invalidsignature: 'model/auth',
  missingauthenticationtoken: 'model/auth',
  unrecognizedclient: 'model/auth',
  notauthorized: 'model/auth',
  optinrequired: 'model/auth',
  resourcenotfound: 'model/unknown',
  servicequotaexceeded: 'model/quota',
  throttling: 'model/rate',
  modelnotready: 'model/overloaded',
  serviceunavailable: 'model/overloaded',
  modeltimeout: 'model/timeout',
  modelerror: 'model/http',
  modelstreamerror: 'model/http',
  internalserver: 'model/http',
  internalfailure: 'model/http',
}

/** What AWS says of an error beside its status: its name, and its words. */
export function explain(name: string, body: unknown): { code?: KitErrorCode; retryable?: boolean } | undefined {
  const { message, Message, __type } = fields(body)
  const said = textIn(message) ?? textIn(Message) ?? ''
  if (/too long|too many (input )?tokens in|maximum context|exceeds? the (model'?s )?(maximum|context)/i.test(said))
    return { code: 'model/context' }
  if (/model identifier is invalid|model ID .*(not|isn.t) supported|end of its life/i.test(said)) return { code: 'model/unknown' }
  const short = (name || (textIn(__type) ?? '')).replace(/^.*#|:.*$/g, '').replace(/(Exception|Error)$/i, '')
  const code = codes[short.toLowerCase()]
  return code && { code, retryable: mayRetry(code) || code === 'model/timeout' }
}

function streamError(provider: string, headers: Frame['headers'], body: unknown): KitError {
  const name = headers[':exception-type'] ?? headers[':error-code'] ?? ''
  const said = JSON.stringify(body).slice(0, 10_000)
  const known = explain(name, body)
  const code = known?.code ?? codeOf(/validation/i.test(name) ? 400 : 500, said)
  return new KitError(code, `${provider} ended its answer with an error`, {
    provider,
    cause: { headers, body },
    retryable: known?.retryable ?? mayRetry(code),
  })
}
