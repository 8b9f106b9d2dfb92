import type { Failure } from './conversation.ts'

/** An answer of the service, or why there is none. */
export type Sent = { response: Response } | { failure: Failure }

/** Sends JSON. Never throws: a refusal comes with the words of its problem document. */
export async function send(method: string, address: string, body?: unknown, headers: Record<string, string> = {}): Promise<Sent> {
  try {
    const response = await fetch(address, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (response.ok) return { response }
    const problem = (await response.json().catch(() => ({}))) as { code?: unknown; detail?: unknown }
    const code = typeof problem.code === 'string' ? problem.code : String(response.status)
    return { failure: { code, message: words[code] ?? (typeof problem.detail === 'string' ? problem.detail : 'That did not work.') } }
  } catch {
    return { failure: { code: 'offline', message: 'The service cannot be reached. What you wrote is still here.' } }
  }
}

const words: Record<string, string> = {
  'auth/missing': 'You are not logged in here.',
  'session/busy': 'An answer is being given in this session. What you wrote is still here: send it when the answer has ended.',
  'pending/stale': 'This was answered already, or it has expired.',
  'request/too-large': 'That is too large to be sent.',
}
