import { createRemoteJWKSet, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from 'jose'
import type { Principal } from '../context.ts'
import { KitError } from '../errors.ts'
import { type Auth, bearerToken } from './auth.ts'

export interface JwtOptions {
  /** A secret or public key, or the address of a JWKS. */
  key: CryptoKey | Uint8Array | URL
  /** The algorithms that are accepted, and no others. */
  algorithms: readonly string[]
  issuer: string
  audience: string
  /** Default: `sub` as id, `roles` and `tenant` where they are claims. */
  principal?: (claims: JWTPayload) => Principal | undefined
}

/** Principals by JWT (RFC 7519, checked by jose): `iss`, `aud`, `sub` and `exp` are required, the algorithm list is fixed. */
export function jwt({ key, algorithms, issuer, audience, principal = fromClaims }: JwtOptions): Auth {
  if (!algorithms.length || algorithms.includes('none')) throw new TypeError('jwt: a list of algorithms is needed, without none')
  const getKey: JWTVerifyGetKey | CryptoKey | Uint8Array = key instanceof URL ? createRemoteJWKSet(key) : key
  return async function jwt(request) {
    const token = bearerToken(request)
    if (token === undefined) return undefined
    try {
      const { payload } = await jwtVerify(token, getKey as JWTVerifyGetKey, {
        algorithms: [...algorithms],
        issuer,
        audience,
        requiredClaims: ['exp', 'sub', 'iss', 'aud'],
      })
      return principal(payload)
    } catch (cause) {
      throw new KitError('auth/missing', 'the token is not valid', { cause })
    }
  }
}

function fromClaims({ sub, exp, roles, tenant }: JWTPayload): Principal | undefined {
  if (!sub || !exp) return undefined
  return {
    id: sub,
    expires: exp * 1000,
    ...(Array.isArray(roles) && { roles: roles.filter((role) => typeof role === 'string') }),
    ...(typeof tenant === 'string' && { tenant }),
  }
}
