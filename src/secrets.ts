import { KitError } from './errors.ts'
import type { Pending, PendingAnswer } from './event.ts'
import type { Store } from './store.ts'

/** Ms that a secret waits for its tool. */
const ttl = 3_600_000
/** Where the secrets of an answer wait; deleted once its tool has answered. */
export const secretKey = ({ id }: Pending): string => `secret/${id}`

/** The fields of a form that are marked `writeOnly` (JSON Schema 2020-12, validation 9.4). */
function secretsIn({ schema }: Pending): string[] {
  const properties = (schema?.properties ?? {}) as Readonly<Record<string, { writeOnly?: boolean } | undefined>>
  return Object.keys(properties).filter((name) => properties[name]?.writeOnly === true)
}

/** Takes secret fields out of an answer before it is journaled: they go by the store to the tool, and nowhere else. */
export async function hideSecrets(answer: PendingAnswer, open: Pending, store: Store | undefined): Promise<PendingAnswer> {
  const names = secretsIn(open)
  if (!names.length || typeof answer.output !== 'object') return answer
  if (!store) throw new KitError('store/unsupported', 'a form with a secret field needs a store')
  const fields = Object.entries(answer.output ?? {})
  await store.set(secretKey(open), Object.fromEntries(fields.filter(([name]) => names.includes(name))), { ttl })
  return { ...answer, output: Object.fromEntries(fields.filter(([name]) => !names.includes(name))) }
}

/** The answer as its tool gets it. */
export async function revealSecrets(
  answer: PendingAnswer | undefined,
  open: Pending | undefined,
  store: Store | undefined,
): Promise<PendingAnswer | undefined> {
  if (!answer || !open || !secretsIn(open).length) return answer
  return { ...answer, output: { ...(answer.output as object), ...((await store?.get(secretKey(open))) as object | undefined) } }
}
