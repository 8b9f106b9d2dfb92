import type { KitError } from './errors.ts'
import type { Json, MediaPart, ProviderOptions, TextPart, Usage } from './message.ts'
import type { Answer, ModelCall, ModelInfo } from './model.ts'

/**
 * What a provider offers beside chat. A member that is there is the declaration that the provider has it: nothing is
 * registered, and a provider's own type names just the members that it has. Every method throws `KitError`s (`model/*`),
 * honours `signal`, and keeps no state between calls.
 * @example 'rerank' in cohereServices({ apiKey })
 */
export interface Services {
  /** Named in errors. */
  readonly provider: string
  embed?(model: string): Embedder
  rerank?(model: string): Reranker
  transcribe?(model: string): Transcriber
  speak?(model: string): Speaker
  image?(model: string): ImageModel
  ocr?(model: string): Reader
  /** Input tokens of a call, as the provider counts them. */
  countTokens?(model: string, call: ModelCall): Promise<number>
  /** The models that the key may use, at most 10,000. */
  listModels?(options?: ServiceOptions): Promise<ModelInfo[]>
  files?: Files
  batch?: Batches
  tune?: Tuning
}

/** What every request to a service may carry. */
export interface ServiceOptions {
  signal?: AbortSignal
  /** Fields of one provider only, by its name: laid over the body that is sent. */
  providerOptions?: ProviderOptions
}

/** Text, or the parts of one document where the model embeds images too. */
export type EmbedValue = string | readonly (TextPart | MediaPart)[]

export interface EmbedCall extends ServiceOptions {
  values: readonly EmbedValue[]
  /** What the vectors are for; a provider that knows no difference ignores it. */
  purpose?: 'query' | 'document' | 'similarity' | 'classification' | 'clustering'
  /** Shorter vectors, where the model can give them. */
  dimensions?: number
}

export interface Embeddings {
  /** One vector a value, in the order of the values. */
  vectors: readonly (readonly number[])[]
  usage?: Usage
}

/** Turns values into vectors. Takes at most `limits.values` at a time: `embed` of `edgeswarm/services` takes any number. */
export interface Embedder {
  readonly info: ServiceInfo & { limits?: { values?: number; characters?: number } }
  embed(call: EmbedCall): Promise<Embeddings>
}

/** The name of a model and of its provider. */
export interface ServiceInfo {
  id: string
  provider: string
}

export interface RerankCall extends ServiceOptions {
  query: string
  documents: readonly string[]
  /** How many to give; default all. */
  top?: number
}

/** A document's place in the list that was given, and its relevance: higher is better, and comparable within one answer only. */
export interface Ranked {
  index: number
  score: number
}

export interface Reranker {
  readonly info: ServiceInfo & { limits?: { documents?: number } }
  /** Best first. */
  rerank(call: RerankCall): Promise<{ ranked: readonly Ranked[]; usage?: Usage }>
}

export interface TranscribeCall extends ServiceOptions {
  /** `data` (base64), or `url` where the provider fetches it. */
  audio: MediaPart
  /** ISO 639-1. */
  language?: string
  /** What was said before, or names to expect. */
  prompt?: string
  timestamps?: 'segment' | 'word'
}

/** A piece of a transcript; times in seconds from the start. */
export interface Spoken {
  text: string
  start: number
  end: number
  speaker?: string
}

export interface Transcript {
  text: string
  language?: string
  /** Seconds of sound. */
  seconds?: number
  segments?: readonly Spoken[]
  words?: readonly Spoken[]
  usage?: Usage
}

export interface Transcriber {
  readonly info: ServiceInfo
  transcribe(call: TranscribeCall): Promise<Transcript>
}

export interface SpeakCall extends ServiceOptions {
  text: string
  voice?: string
  /** e.g. `mp3`, `wav`, `opus`, `pcm`; default the provider's. */
  format?: string
  /** 1 is normal. */
  speed?: number
  /** How to say it, where the model listens. */
  instructions?: string
}

export interface Speaker {
  readonly info: ServiceInfo
  speak(call: SpeakCall): Promise<{ audio: MediaPart; usage?: Usage }>
}

export interface ImageCall extends ServiceOptions {
  prompt: string
  /** Images to change, or to take after. */
  images?: readonly MediaPart[]
  /** Where an image may change: its transparent part. */
  mask?: MediaPart
  n?: number
  /** Pixels, `1024x1024`. */
  size?: string
}

export interface ImageModel {
  readonly info: ServiceInfo
  image(call: ImageCall): Promise<{ images: readonly MediaPart[]; usage?: Usage }>
}

export interface ReadCall extends ServiceOptions {
  /** A PDF or an image. */
  document: MediaPart
  /** Only these pages, from 1. */
  pages?: readonly number[]
}

/** One page of a document as Markdown; `page` from 1. */
export interface Page {
  page: number
  text: string
  images?: readonly MediaPart[]
}

/** Reads the text of a document (OCR). */
export interface Reader {
  readonly info: ServiceInfo
  read(call: ReadCall): Promise<{ pages: readonly Page[] }>
}

/** A file that a provider keeps. `part` puts it into a message. */
export interface ProviderFile {
  id: string
  name?: string
  mime?: string
  bytes?: number
  /** Ms since 1970. */
  createdAt?: number
  expiresAt?: number
  /** `failed` files cannot be used; a `processing` one not yet. */
  status: 'ready' | 'processing' | 'failed'
  part: MediaPart
}

export interface UploadCall extends ServiceOptions {
  data: Uint8Array<ArrayBuffer> | Blob
  name: string
  mime: string
  /** The provider's own word for what it is for, e.g. `batch`, `fine-tune`; default for use in messages. */
  purpose?: string
}

export interface Files {
  upload(call: UploadCall): Promise<ProviderFile>
  get(id: string, options?: ServiceOptions): Promise<ProviderFile>
  /** Newest first where the provider says, at most 10,000. */
  list(options?: ServiceOptions): Promise<ProviderFile[]>
  delete(id: string, options?: ServiceOptions): Promise<void>
  /** Absent where a file cannot be read back. At most 512 MB. */
  content?(id: string, options?: ServiceOptions): Promise<Uint8Array>
}

export interface BatchRequest {
  /** Unique in its batch: 1 to 64 letters, digits, `-` and `_`. */
  id: string
  call: ModelCall
}

export type JobStatus = 'queued' | 'running' | 'done' | 'failed' | 'cancelled' | 'expired'

/** Many calls that are answered within a day for about half the price. */
export interface Batch {
  id: string
  /** `done` when results may be read; some of them may be errors. */
  status: JobStatus
  counts?: { total: number; done: number; failed: number }
  createdAt?: number
  error?: string
}

/** One result, in any order. */
export interface BatchResult {
  id: string
  answer?: Answer
  error?: KitError
}

export interface Batches {
  create(call: { model: string; requests: readonly BatchRequest[] } & ServiceOptions): Promise<Batch>
  get(id: string, options?: ServiceOptions): Promise<Batch>
  cancel(id: string, options?: ServiceOptions): Promise<Batch>
  results(id: string, options?: ServiceOptions): AsyncIterable<BatchResult>
}

export interface TuneCall extends ServiceOptions {
  /** The model to start from. */
  model: string
  /** Ids of uploaded files of JSON Lines: see `dataset` of `edgeswarm/services`. */
  training: string
  validation?: string
  /** A word in the name of the new model. */
  suffix?: string
  epochs?: number
  learningRate?: number
}

export interface Tune {
  id: string
  status: JobStatus
  /** The name to call, once `done`. */
  model?: string
  createdAt?: number
  error?: string
  /** The provider's own record. */
  raw: Json
}

export interface Tuning {
  create(call: TuneCall): Promise<Tune>
  get(id: string, options?: ServiceOptions): Promise<Tune>
  list(options?: ServiceOptions): Promise<Tune[]>
  cancel(id: string, options?: ServiceOptions): Promise<Tune>
}
