import { expect, test } from 'bun:test'
import { createAdminCookie, createExpiredAdminCookie, hasAdminCookie } from './admin-access.ts'
import { formatAdminVerifier, parseAdminVerifier } from './admin-verifier.ts'
import { createIdentify, identityOf, LOCAL_OWNER } from './identity.ts'

const SECRET = 'a secret of at least thirty-two characters'
const OTHER_SECRET = 'another secret of thirty-two characters'
const VERIFIER = { PUBLIC_URL: 'https://studio.example', ADMIN_VERIFIER: formatAdminVerifier(SECRET) }
const PUBLIC = { PUBLIC_URL: 'https://studio.example', INTERNAL_API_SECRET: SECRET }
const DAY_MS = 86_400_000

test.each([
  [{}, {}, true],
  [{ INTERNAL_API_SECRET: SECRET }, {}, true],
  [{ PUBLIC_URL: 'http://localhost:3000' }, {}, true],
  [{ PUBLIC_URL: 'http://127.0.0.1:3000' }, {}, true],
  [{ PUBLIC_URL: 'http://[::1]:3000' }, {}, true],
  [{ PUBLIC_URL: 'http://localhost.example' }, {}, false],
  [{ PUBLIC_URL: 'http://127.0.0.1.example' }, {}, false],
  [{ PUBLIC_URL: 'https://studio.example' }, {}, false],
  [{ PUBLIC_URL: 'https://studio.example' }, { 'x-internal-secret': '' }, false],
  [{ PUBLIC_URL: 'https://studio.example' }, { 'x-internal-secret': 'undefined' }, false],
  [PUBLIC, {}, false],
  [PUBLIC, { 'x-internal-secret': SECRET }, true],
  [PUBLIC, { 'x-internal-secret': `${SECRET}x` }, false],
  [PUBLIC, { 'x-internal-secret': OTHER_SECRET }, false],
  [PUBLIC, { cookie: `darkroom_admin=${SECRET}` }, false],
  [PUBLIC, { cookie: toCookie(createAdminCookie(SECRET, { isSecure: true, now: Date.now() })) }, true],
  [PUBLIC, { cookie: `a=b; ${toCookie(createAdminCookie(SECRET, { isSecure: true, now: Date.now() }))}; c=d` }, true],
  [PUBLIC, { cookie: toCookie(createAdminCookie(OTHER_SECRET, { isSecure: true, now: Date.now() })) }, false],
  [PUBLIC, { cookie: toCookie(createExpiredAdminCookie({ isSecure: true })) }, false],
  [VERIFIER, {}, false],
  [VERIFIER, { 'x-internal-secret': SECRET }, true],
  [VERIFIER, { 'x-internal-secret': OTHER_SECRET }, false],
  [VERIFIER, { 'x-internal-secret': VERIFIER.ADMIN_VERIFIER }, false],
  [VERIFIER, { cookie: toCookie(createAdminCookie(SECRET, { isSecure: true, now: Date.now() })) }, true],
  [
    VERIFIER,
    { cookie: toCookie(createAdminCookie(VERIFIER.ADMIN_VERIFIER, { isSecure: true, now: Date.now() })) },
    false,
  ],
])('settings %j and headers %j: administrator %p', async (config, headers, admin) => {
  const identify = createIdentify(config as Parameters<typeof createIdentify>[0])
  expect(await identify(createRequest(headers))).toEqual({ ...LOCAL_OWNER, admin })
})

test('a cookie is valid for 30 days, and with no other end than the one it was given', () => {
  const now = Date.parse('2026-11-02T03:04:05Z')
  const header = createAdminCookie(SECRET, { isSecure: true, now })
  expect(header).toMatch(/^darkroom_admin=\d+\.[\w-]{86}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure$/)
  expect(header).not.toContain(SECRET)
  expect(createAdminCookie(SECRET, { isSecure: false, now })).not.toContain('Secure')
  const cookie = toCookie(header)
  const isValid = (text: string, at: number) =>
    hasAdminCookie(createRequest({ cookie: text }), parseAdminVerifier(formatAdminVerifier(SECRET)), at)
  expect(isValid(cookie, now)).toBe(true)
  expect(isValid(cookie, now + 30 * DAY_MS - 1_000)).toBe(true)
  expect(isValid(cookie, now + 30 * DAY_MS)).toBe(false)
  const [expiry = '', code = ''] = cookie.replace('darkroom_admin=', '').split('.')
  for (const forged of [
    `${Number(expiry) + 1}.${code}`,
    `${expiry}.${code.slice(1)}A`,
    `${expiry}.`,
    `.${code}`,
    expiry,
    '',
  ])
    expect(isValid(`darkroom_admin=${forged}`, now)).toBe(false)
  expect(isValid(cookie.replace('darkroom_admin', 'darkroom_admin2'), now)).toBe(false)
})

test('what recognizes the secret contains neither it nor what makes a cookie', () => {
  expect(VERIFIER.ADMIN_VERIFIER).not.toContain(SECRET)
  expect(parseAdminVerifier(VERIFIER.ADMIN_VERIFIER).publicKey.type).toBe('public')
  expect(formatAdminVerifier(OTHER_SECRET)).not.toBe(VERIFIER.ADMIN_VERIFIER)
})

test('a request that was not identified has no access', () => {
  expect(identityOf(createRequest({}))).toEqual({ userId: '', workspaceId: '', admin: false })
})

function createRequest(headers: Record<string, string | undefined>): Request {
  return new Request('https://studio.example/', { headers: headers as Record<string, string> })
}

function toCookie(header: string): string {
  return header.split(';')[0] ?? ''
}
