import { sign, verify } from 'node:crypto'
import { type AdminVerifier, deriveSigningKey, hashSecret, matchesSecretHash } from './admin-verifier.ts'

const COOKIE = 'darkroom_admin'
const COOKIE_DAYS = 30
const SECONDS_PER_DAY = 86_400
/** A browser sends one. Each costs a verification. */
const MAX_COOKIES = 4

/** Returns whether a text is the secret, in a time that reveals nothing of it. */
export function matchesSecret(text: string, secret: string): boolean {
  return matchesSecretHash(text, hashSecret(secret))
}

/**
 * Returns the `Set-Cookie` header that makes a browser an administrator for 30 days. Its value is the time at which it ends and a
 * signature of it, never the secret: with another secret no cookie is valid any more.
 *
 * @param options `isSecure`: the studio is reached by https; `now`: in ms
 */
export function createAdminCookie(secret: string, options: { isSecure: boolean; now: number }): string {
  const maxAge = COOKIE_DAYS * SECONDS_PER_DAY
  const expiry = String(Math.floor(options.now / 1_000) + maxAge)
  const signature = sign(null, encodeExpiry(expiry), deriveSigningKey(secret)).toString('base64url')
  return formatCookie(`${expiry}.${signature}`, maxAge, options.isSecure)
}

/** Returns the `Set-Cookie` header that removes the cookie. */
export function createExpiredAdminCookie(options: { isSecure: boolean }): string {
  return formatCookie('', 0, options.isSecure)
}

/** Returns whether a request has a cookie that was given for the verifier's secret and has not ended. @param now in ms */
export function hasAdminCookie(request: Request, verifier: AdminVerifier, now = Date.now()): boolean {
  return readCookies(request).some(value => {
    const [, expiry = '', signature = ''] = /^(\d{1,12})\.([A-Za-z0-9_-]{86})$/.exec(value) ?? []
    if (expiry === '' || Number(expiry) * 1_000 <= now) return false
    return verify(null, encodeExpiry(expiry), verifier.publicKey, Buffer.from(signature, 'base64url'))
  })
}

function readCookies(request: Request): string[] {
  const pairs = (request.headers.get('cookie') ?? '').split(';').map(pair => pair.trim())
  const own = pairs.filter(pair => pair.startsWith(`${COOKIE}=`)).slice(0, MAX_COOKIES)
  return own.map(pair => pair.slice(COOKIE.length + 1))
}

function formatCookie(value: string, maxAge: number, isSecure: boolean): string {
  return `${COOKIE}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`
}

function encodeExpiry(expiry: string): Uint8Array {
  return new TextEncoder().encode(`${COOKIE} ${expiry}`)
}
