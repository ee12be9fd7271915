import type { Config } from '../config.ts'
import { hasAdminCookie, matchesSecret } from './admin-access.ts'

/** The user and the workspace that a request acts for. Rows, objects, events and media belong to the workspace. */
export interface Identity {
  userId: string
  workspaceId: string
  admin: boolean
}

/**
 * Identifies a request by its headers alone: it is called once a request, before the body is read.
 *
 * @throws ProblemError `unauthenticated` or `forbidden`
 */
export type Identify = (request: Request) => Promise<Identity>

/** The identity of everyone who reaches the studio, until there are accounts. At another address than localhost it is no administrator. */
export const LOCAL_OWNER: Identity = {
  userId: '00000000-0000-7000-8000-000000000001',
  workspaceId: '00000000-0000-7000-8000-000000000002',
  admin: true,
}

/** The identity of a request that was not identified, such as a probe. It has access to nothing. */
const ANONYMOUS: Identity = { userId: '', workspaceId: '', admin: false }

const identities = new WeakMap<Request, Identity>()

/**
 * Creates the function that identifies requests. Everyone is the local owner. Who reaches the studio by localhost is its administrator;
 * by another address, who has its secret: as the header `x-internal-secret`, or as the cookie that was given for it. Accounts will
 * replace this function.
 */
export function createIdentify(config: Pick<Config, 'PUBLIC_URL' | 'INTERNAL_API_SECRET'>): Identify {
  const isLocal = config.PUBLIC_URL === undefined || isLoopbackUrl(config.PUBLIC_URL)
  const secret = config.INTERNAL_API_SECRET
  return async request => {
    const admin = isLocal || (secret !== undefined && hasSecret(request, secret))
    return { ...LOCAL_OWNER, admin }
  }
}

/** Stores a request's identity for `identityOf`. */
export function setIdentity(request: Request, identity: Identity): void {
  identities.set(request, identity)
}

/** Returns the identity of a request that was found before its body was read, or one without any access. */
export function identityOf(request: Request): Identity {
  return identities.get(request) ?? ANONYMOUS
}

function isLoopbackUrl(url: string): boolean {
  const { hostname } = new URL(url)
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

function hasSecret(request: Request, secret: string): boolean {
  const header = request.headers.get('x-internal-secret')
  return (header !== null && matchesSecret(header, secret)) || hasAdminCookie(request, secret)
}
