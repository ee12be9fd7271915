/** Whose request it is. Rows, objects, events and media belong to the workspace. */
export interface Identity {
  userId: string
  workspaceId: string
  admin: boolean
}

/**
 * Returns whose request it is, from its headers alone: it is called once a request, before the body is read.
 *
 * @throws ProblemError `unauthenticated` or `forbidden`
 */
export type Identify = (request: Request) => Promise<Identity>

/** The identity of a request that was not identified. It has access to nothing. */
export const NOBODY: Identity = { userId: '', workspaceId: '', admin: false }

/** The identity of everyone who reaches the studio, until there are accounts. */
export const LOCAL_OWNER: Identity = {
  userId: '00000000-0000-7000-8000-000000000001',
  workspaceId: '00000000-0000-7000-8000-000000000002',
  admin: true,
}

/** Returns the local owner. Accounts will take its place here. */
export async function identify(_request: Request): Promise<Identity> {
  return LOCAL_OWNER
}
