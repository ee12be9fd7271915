import type { Config } from '../config.ts'
import { hasAdminCookie } from './admin-access.ts'
import { type AdminVerifier, formatAdminVerifier, matchesSecretHash, parseAdminVerifier } from './admin-verifier.ts'
import { isLoopbackUrl } from './loopback-url.ts'

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

type IdentifyConfig = Pick<Config, 'PUBLIC_URL'> & Partial<Pick<Config, 'INTERNAL_API_SECRET' | 'ADMIN_VERIFIER'>>

/**
 * Creates the function that identifies requests. Everyone is the local owner. Who reaches the studio by localhost is its administrator;
 * by another address, who has its secret: as the header `x-internal-secret`, or as the cookie that was given for it. Accounts will
 * replace this function.
 */
export function createIdentify(config: IdentifyConfig): Identify {
  const isLocal = config.PUBLIC_URL === undefined || isLoopbackUrl(config.PUBLIC_URL)
  const verifier = readVerifier(config)
  return async request => {
    const admin = isLocal || (verifier !== undefined && hasSecret(request, verifier))
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

/** Returns what recognizes the secret. A service that only recognizes it is given no more than that. */
function readVerifier({ ADMIN_VERIFIER, INTERNAL_API_SECRET: secret }: IdentifyConfig): AdminVerifier | undefined {
  const text = ADMIN_VERIFIER ?? (secret === undefined ? undefined : formatAdminVerifier(secret))
  return text === undefined ? undefined : parseAdminVerifier(text)
}

function hasSecret(request: Request, verifier: AdminVerifier): boolean {
  const header = request.headers.get('x-internal-secret')
  return (header !== null && matchesSecretHash(header, verifier.secretHash)) || hasAdminCookie(request, verifier)
}
