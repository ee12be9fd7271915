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

/** The identity of everyone who reaches the studio, until there are accounts. */
export const LOCAL_OWNER: Identity = {
  userId: '00000000-0000-7000-8000-000000000001',
  workspaceId: '00000000-0000-7000-8000-000000000002',
  admin: true,
}

/** The identity of a request that was not identified, such as a probe. It has access to nothing. */
const ANONYMOUS: Identity = { userId: '', workspaceId: '', admin: false }

const identities = new WeakMap<Request, Identity>()

/** Returns the local owner. Accounts will replace this function. */
export async function identify(_request: Request): Promise<Identity> {
  return LOCAL_OWNER
}

/** Stores a request's identity for `identityOf`. */
export function setIdentity(request: Request, identity: Identity): void {
  identities.set(request, identity)
}

/** Returns the identity of a request that was found before its body was read, or one without any access. */
export function identityOf(request: Request): Identity {
  return identities.get(request) ?? ANONYMOUS
}
