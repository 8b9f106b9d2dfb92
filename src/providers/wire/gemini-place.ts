import { KitError } from '../../errors.ts'
import type { ServiceOptions } from '../../services.ts'
import { explainGemini } from './gemini-errors.ts'
import type { Connection } from './http.ts'
import type { Service } from './service.ts'

/** Where Gemini's services are, and how to get in. */
export interface GeminiConnection extends Connection {
  /** Named in errors; default `gemini`. */
  provider?: string
  /** Default `v1beta`. Left out of the address where `baseURL` ends with a version. */
  apiVersion?: string
  /** An OAuth access token, or a function that gives a fresh one; sent as Bearer, instead of the key. */
  token?: string | (() => string | Promise<string>)
}

export interface VertexConnection extends GeminiConnection {
  project: string
  /** Default `global`. */
  location?: string
}

/** The vendor's own address of the Gemini API. */
export const geminiHome = 'https://generativelanguage.googleapis.com'

/** Vertex AI's address for a location; a `TypeError` for what is none, so that a token goes nowhere else. */
export function vertexHome(location = 'global'): string {
  if (!/^[\w-]+$/.test(location)) throw new TypeError(`no location of Vertex AI: ${location}`)
  return `https://${location === 'global' ? '' : `${location}-`}aiplatform.googleapis.com`
}

/** A path of models and projects as it stands in an address; a `TypeError` for one that leads elsewhere. */
export function pathIn(path: string): string {
  if (!/^([\w:@-][\w.:@-]*(\/(?!$)|$))+$/.test(path)) throw new TypeError(`no model or project: ${path}`)
  return path
}

/** An address with the version that it names, or the one that is wanted. */
export function versioned(address: string, version = 'v1beta'): string {
  const base = address.replace(/\/$/, '')
  return /\/v\d\w*$/.test(base) ? base : `${base}/${version}`
}

/** The services behind an address of Google's. */
export function geminiService({ baseURL = geminiHome, apiVersion, token, provider = 'gemini', ...options }: GeminiConnection): Service {
  return {
    ...options,
    provider,
    baseURL: versioned(baseURL, apiVersion),
    explain: explainGemini,
    ...(token === undefined ? { auth: (key: string) => ({ 'x-goog-api-key': key }) } : { apiKey: token }),
  }
}

/** Vertex's services of one project and place: what is below it is addressed by a path that begins with `/`. */
export function vertexService({ project, location = 'global', baseURL = vertexHome(location), ...options }: VertexConnection): Service {
  const service = geminiService({ apiVersion: 'v1', provider: 'vertex', baseURL, ...options })
  return { ...service, baseURL: `${service.baseURL}/${pathIn(`projects/${project}/locations/${location}`)}` }
}

/** The path of a thing that the vendor named; `model/request` for what is no name, so that none leads elsewhere. */
export function named(kind: string, id: string): string {
  const name = id.startsWith(`${kind}/`) ? id.slice(kind.length + 1) : id
  if (!/^[\w-]{1,128}$/.test(name)) throw new KitError('model/request', `no name of one of the ${kind}`)
  return `/${kind}/${name}`
}

/** What is left of the options of a call whose own fields have gone into its body already. */
export const onlySignal = ({ signal }: ServiceOptions): ServiceOptions => (signal ? { signal } : {})
