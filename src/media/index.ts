export { isPublicAddress } from './address.ts'
export { type Fetched, type GuardedFetch, type GuardedRequest, guardedFetch, type GuardOptions } from './guarded-fetch.ts'
