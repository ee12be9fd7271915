import { AdminLogin, type Authority } from '@darkroom/contracts/connection'
import type { Config } from '@darkroom/infra/config'
import { createAdminCookie, createExpiredAdminCookie, matchesSecret } from '@darkroom/infra/http/admin-access'
import { identityOf } from '@darkroom/infra/http/identity'
import { ProblemError } from '@darkroom/infra/http/problem'
import type { Log } from '@darkroom/infra/log'
import { Elysia } from 'elysia'
import { createTryLimit } from './try-limit.ts'

export interface AuthRouteDeps {
  log: Log
  config: Partial<Pick<Config, 'PUBLIC_URL' | 'INTERNAL_API_SECRET'>>
}

const TRIES = 10
const TRIES_MS = 60_000

/** Creates the routes by which a browser becomes an administrator, before there are accounts. */
export function createAuthRoute({ log, config }: AuthRouteDeps) {
  const { INTERNAL_API_SECRET: secret, PUBLIC_URL } = config
  const isSecure = PUBLIC_URL?.startsWith('https:') ?? false
  const limit = createTryLimit({ tries: TRIES, milliseconds: TRIES_MS })
  return new Elysia({ normalize: false })
    .get('/api/auth', ({ request, set }): Authority => {
      set.headers['cache-control'] = 'no-store'
      return { admin: identityOf(request).admin }
    })
    .post(
      '/api/auth/admin',
      ({ body, set }) => {
        limit.take()
        if (secret === undefined || !matchesSecret(body.secret, secret)) {
          log.warn('admin_login_refused')
          throw new ProblemError('unauthenticated', 'That is not the secret of this studio.')
        }
        set.headers['set-cookie'] = createAdminCookie(secret, { isSecure, now: Date.now() })
        set.status = 204
      },
      { body: AdminLogin },
    )
    .delete('/api/auth/admin', ({ set }) => {
      set.headers['set-cookie'] = createExpiredAdminCookie({ isSecure })
      set.status = 204
    })
}
