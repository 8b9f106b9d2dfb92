export { dataset, type Dataset, type DatasetFormat, type DatasetOptions, type Left, type TextPlace } from './dataset.ts'
export { embed, type Embedded, type EmbedOptions } from './embed.ts'
export type { GivenOptions, MediaFetch } from './given.ts'
export { image, speak } from './make.ts'
export { read } from './read.ts'
export { rerank } from './rerank.ts'
export { transcribe } from './transcribe.ts'
export { type Batched, type BatchOptions, runBatch, waitFor, type WaitOptions } from './wait.ts'
export type {
  Batch,
  Batches,
  BatchRequest,
  BatchResult,
  EmbedCall,
  Embedder,
  Embeddings,
  EmbedValue,
  Files,
  ImageCall,
  ImageModel,
  JobStatus,
  Page,
  ProviderFile,
  Ranked,
  ReadCall,
  Reader,
  RerankCall,
  Reranker,
  ServiceInfo,
  ServiceOptions,
  Services,
  SpeakCall,
  Speaker,
  Spoken,
  TranscribeCall,
  Transcriber,
  Transcript,
  Tune,
  TuneCall,
  Tuning,
  UploadCall,
} from '../services.ts'
