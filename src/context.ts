import type { Blobs } from './blobs.ts'
import type { Store } from './store.ts'
import type { Vectors } from './vectors.ts'

/** Who is asking, as `auth` found it. */
export interface Principal {
  id: string
  roles?: readonly string[]
  /** The tenant that the principal belongs to. */
  tenant?: string
  /** Unix ms after which it counts no more. */
  expires?: number
  claims?: Readonly<Record<string, unknown>>
}

/** Everything per request, passed explicitly. */
export interface Context<Env = unknown> {
  /** The platform's bindings and variables. */
  env?: Env
  principal?: Principal
  /** Aborting it cancels the run. */
  signal?: AbortSignal
  /** Keeps the isolate alive for work after the response. */
  waitUntil?: (work: Promise<unknown>) => void
  store?: Store
  blobs?: Blobs
  vectors?: Vectors
  session?: string
  metadata?: Readonly<Record<string, unknown>>
  /** Gets the causes that clients never see; what it throws is ignored. */
  onError?: (error: unknown, where: { run?: string; ref?: string; at: string }) => void
}
