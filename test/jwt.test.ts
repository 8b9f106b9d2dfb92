// Principals by JWT: what is accepted is a short list, and everything else is 401.
import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { app } from '../src/http/app.ts'
import { jwt } from '../src/http/jwt.ts'
import { agent } from '../src/index.ts'
import { scripted } from '../src/testing/index.ts'

const key = new TextEncoder().encode('a secret of at least thirty-two bytes')
const options = { key, algorithms: ['HS256'], issuer: 'https://login.example', audience: 'chat' }
const web = app({ agents: { a: agent({ name: 'a', model: scripted('hi') }) }, auth: jwt(options) })

const token = ({
  iss = options.issuer,
  aud = options.audience,
  exp = '1h',
  sub = 'ann',
  alg = 'HS256',
  by = key as never,
  claims = {},
} = {}) => {
  const made = new SignJWT(claims).setProtectedHeader({ alg }).setIssuer(iss).setAudience(aud)
  if (sub) made.setSubject(sub)
  if (exp) made.setExpirationTime(exp)
  return made.sign(by)
}
const ask = async (bearer: string): Promise<number> =>
  (await web.request('http://localhost/agents', { headers: { authorization: `Bearer ${bearer}` } })).status

describe('a JWT', () => {
  test('that is right names its principal, its roles and its tenant', async () => {
    const principal = await jwt(options)(
      new Request('http://x', {
        headers: { authorization: `Bearer ${await token({ claims: { roles: ['hr', 7], tenant: 'acme' } as never })}` },
      }),
      {},
    )
    expect(principal).toMatchObject({ id: 'ann', roles: ['hr'], tenant: 'acme' })
    expect(principal!.expires).toBeGreaterThan(Date.now())
    expect(await ask(await token())).toBe(200)
  })
  test.each([
    ['of another issuer', () => token({ iss: 'https://evil.example' })],
    ['for another audience', () => token({ aud: 'mail' })],
    ['that has expired', () => token({ exp: '-1s' })],
    ['without an expiry', () => token({ exp: '' })],
    ['without a subject', () => token({ sub: '' })],
    ['signed with another secret', () => token({ by: new TextEncoder().encode('another secret of thirty-two bytes!!') as never })],
    ['of an algorithm that is not in the list', () => token({ alg: 'HS512' })],
    ['signed by a key pair of its own', async () => token({ alg: 'ES256', by: (await generateKeyPair('ES256')).privateKey as never })],
    [
      'without a signature',
      async () => new UnsecuredJWT({ sub: 'ann', iss: options.issuer, aud: options.audience }).setExpirationTime('1h').encode(),
    ],
    ['that was changed', async () => (await token()).replace(/\.[^.]+\./, `.${btoa('{"sub":"root"}').replace(/=+$/, '')}.`)],
    ['that is none', async () => 'x.y.z'],
  ])('%s is 401', async (_name, make) => {
    expect(await ask(await make())).toBe(401)
  })
  test('is never accepted without a list of algorithms', () => {
    expect(() => jwt({ ...options, algorithms: [] })).toThrow(TypeError)
    expect(() => jwt({ ...options, algorithms: ['none'] })).toThrow(TypeError)
  })
})
