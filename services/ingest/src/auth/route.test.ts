import { expect, test } from 'bun:test'
import { createHttpApp } from '@darkroom/infra/http/app'
import { createIdentify } from '@darkroom/infra/http/identity'
import { createLog } from '@darkroom/infra/log'
import { createMetrics } from '@darkroom/infra/metrics'
import { INGEST_RULES } from '../route-rules.ts'
import { createAuthRoute } from './route.ts'
import { createTryLimit } from './try-limit.ts'

const SECRET = 'a secret of at least thirty-two characters'
const ORIGIN = 'https://studio.example'

test('the secret makes a browser an administrator until it signs out, and nothing else does', async () => {
  const request = openStudio({ PUBLIC_URL: ORIGIN, INTERNAL_API_SECRET: SECRET })
  expect(await readAuthority(request)).toEqual({ admin: false })
  const refused = await request('POST', '/api/auth/admin', { secret: 'something else' })
  expect(refused.status).toBe(401)
  expect(refused.headers.get('set-cookie')).toBeNull()
  const accepted = await request('POST', '/api/auth/admin', { secret: SECRET })
  expect([accepted.status, await accepted.text()]).toEqual([204, ''])
  const header = accepted.headers.get('set-cookie') ?? ''
  expect(header).toMatch(/^darkroom_admin=\S+; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure$/)
  expect(header).not.toContain(SECRET)
  const cookie = header.split(';')[0] ?? ''
  expect(await readAuthority(request, { cookie })).toEqual({ admin: true })
  expect(await readAuthority(request, { 'x-internal-secret': SECRET })).toEqual({ admin: true })
  const signedOut = await request('DELETE', '/api/auth/admin', undefined, { cookie })
  expect([signedOut.status, signedOut.headers.get('set-cookie')]).toEqual([
    204,
    'darkroom_admin=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure',
  ])
  for (const body of [{}, { secret: '' }, { secret: 1 }, { secret: SECRET, more: 1 }])
    expect((await request('POST', '/api/auth/admin', body)).status).toBe(422)
  const foreign = await request('POST', '/api/auth/admin', { secret: SECRET }, { origin: 'https://evil.example' })
  expect([foreign.status, foreign.headers.get('set-cookie')]).toEqual([403, null])
})

test('after ten tries none is looked at for a minute, not even the right one', async () => {
  const request = openStudio({ PUBLIC_URL: ORIGIN, INTERNAL_API_SECRET: SECRET })
  for (let count = 0; count < 10; count += 1)
    expect((await request('POST', '/api/auth/admin', { secret: `guess ${count}` })).status).toBe(401)
  const response = await request('POST', '/api/auth/admin', { secret: SECRET })
  expect([response.status, response.headers.get('set-cookie')]).toEqual([429, null])
  expect(Number(response.headers.get('retry-after'))).toBeWithin(1, 61)

  let now = 0
  const limit = createTryLimit({ tries: 2, milliseconds: 1_000, now: () => now })
  limit.take()
  now = 400
  limit.take()
  now = 999
  expect(() => limit.take()).toThrow('Too many')
  now = 1_000
  limit.take()
  expect(() => limit.take()).toThrow('Too many')
})

test('on localhost everyone is an administrator, and no secret is right where there is none', async () => {
  const local = openStudio({})
  expect(await readAuthority(local)).toEqual({ admin: true })
  expect((await local('POST', '/api/auth/admin', { secret: 'undefined' })).status).toBe(401)
  const open = openStudio({ PUBLIC_URL: ORIGIN })
  expect(await readAuthority(open, { 'x-internal-secret': 'undefined' })).toEqual({ admin: false })
})

type SendRequest = (method: string, path: string, body?: object, headers?: Record<string, string>) => Promise<Response>

function openStudio(config: { PUBLIC_URL?: string; INTERNAL_API_SECRET?: string }): SendRequest {
  const log = createLog({ service: 'test', level: 'silent' })
  const app = createHttpApp(
    {
      config: { PORT: 3000, BODY_MEMORY_MB: 64, PUBLIC_URL: config.PUBLIC_URL },
      log,
      metrics: createMetrics('test'),
      checks: {},
      identify: createIdentify(config),
      stopping: new AbortController().signal,
    },
    INGEST_RULES,
  ).use(createAuthRoute({ log, config }))
  const origin = config.PUBLIC_URL ?? 'http://localhost:3000'
  return async (method, path, body, headers = {}) => {
    const type = body ? { 'content-type': 'application/json' } : {}
    const init = body ? { body: JSON.stringify(body) } : {}
    return await app.handle(new Request(`${origin}${path}`, { method, headers: { ...type, ...headers }, ...init }))
  }
}

async function readAuthority(request: SendRequest, headers: Record<string, string> = {}): Promise<unknown> {
  return await (await request('GET', '/api/auth', undefined, headers)).json()
}
