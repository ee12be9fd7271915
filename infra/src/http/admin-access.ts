import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

const COOKIE = 'darkroom_admin'
const COOKIE_DAYS = 30
const SECONDS_PER_DAY = 86_400

/**
 * Returns whether a text is the secret. Hashes of both are compared: the time that it takes reveals neither the position of the first
 * difference nor a length.
 */
export function matchesSecret(text: string, secret: string): boolean {
  return timingSafeEqual(computeHash(text), computeHash(secret))
}

/**
 * Returns the `Set-Cookie` header that makes a browser an administrator for 30 days. Its value is the time at which it ends and an
 * authentication code of it, never the secret: with another secret no cookie is valid any more.
 *
 * @param options `isSecure`: the studio is reached by https; `now`: in ms
 */
export function createAdminCookie(secret: string, options: { isSecure: boolean; now: number }): string {
  const maxAge = COOKIE_DAYS * SECONDS_PER_DAY
  const expiry = String(Math.floor(options.now / 1_000) + maxAge)
  return formatCookie(`${expiry}.${computeCode(secret, expiry)}`, maxAge, options.isSecure)
}

/** Returns the `Set-Cookie` header that removes the cookie. */
export function createExpiredAdminCookie(options: { isSecure: boolean }): string {
  return formatCookie('', 0, options.isSecure)
}

/** Returns whether a request has a cookie that was given for this secret and has not ended. @param now in ms */
export function hasAdminCookie(request: Request, secret: string, now = Date.now()): boolean {
  return readCookies(request).some(value => {
    const [, expiry = '', code = ''] = /^(\d{1,12})\.([A-Za-z0-9_-]{43})$/.exec(value) ?? []
    return expiry !== '' && matchesSecret(code, computeCode(secret, expiry)) && Number(expiry) * 1_000 > now
  })
}

function readCookies(request: Request): string[] {
  const pairs = (request.headers.get('cookie') ?? '').split(';').map(pair => pair.trim())
  return pairs.filter(pair => pair.startsWith(`${COOKIE}=`)).map(pair => pair.slice(COOKIE.length + 1))
}

function formatCookie(value: string, maxAge: number, isSecure: boolean): string {
  return `${COOKIE}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`
}

function computeCode(secret: string, expiry: string): string {
  return createHmac('sha256', secret).update(`${COOKIE} ${expiry}`).digest('base64url')
}

function computeHash(text: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(text).digest())
}
