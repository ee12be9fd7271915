import { createHash, createPrivateKey, createPublicKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto'

/** Recognizes the administrator's secret and what was signed with it. Neither can be derived from it. */
export interface AdminVerifier {
  /** SHA-256 of the secret. */
  secretHash: Uint8Array
  /** Public key of the secret's signatures. */
  publicKey: KeyObject
}

const KEY_PURPOSE = 'darkroom admin cookie'
const SEED_BYTES = 32
/** The bytes before the seed of a private key. @see https://www.rfc-editor.org/rfc/rfc8410#section-7 */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
export const ADMIN_VERIFIER_PATTERN = /^[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}$/

/** Returns the key that signs for a secret. */
export function deriveSigningKey(secret: string): KeyObject {
  const seed = Buffer.from(hkdfSync('sha256', secret, '', KEY_PURPOSE, SEED_BYTES))
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
}

/** Returns the verifier of a secret as text: its hash and the public key of its signatures. */
export function formatAdminVerifier(secret: string): string {
  const { x = '' } = createPublicKey(deriveSigningKey(secret)).export({ format: 'jwk' })
  return `${Buffer.from(hashSecret(secret)).toString('base64url')}.${x}`
}

/** Parses the text of `formatAdminVerifier`. @throws Error if it is none */
export function parseAdminVerifier(text: string): AdminVerifier {
  const [hash = '', x = ''] = text.split('.')
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  return { secretHash: new Uint8Array(Buffer.from(hash, 'base64url')), publicKey }
}

/**
 * Returns whether a text is the secret. Hashes of both are compared: the time that it takes reveals neither the position of the first
 * difference nor a length.
 */
export function matchesSecretHash(text: string, secretHash: Uint8Array): boolean {
  return timingSafeEqual(hashSecret(text), secretHash)
}

/** Returns the SHA-256 of a secret. */
export function hashSecret(text: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(text).digest())
}
