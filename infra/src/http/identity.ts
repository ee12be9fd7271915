/** Whose request it is. Rows, objects, events and media belong to the workspace. */
export interface Identity {
  userId: string
  workspaceId: string
  admin: boolean
}

export type Identify = (request: Request) => Identity

/** Until there are accounts everybody who reaches the studio is its owner. */
export const LOCAL_OWNER: Identity = {
  userId: '00000000-0000-7000-8000-000000000001',
  workspaceId: '00000000-0000-7000-8000-000000000002',
  admin: true,
}

/** Says whose request it is. */
export function identify(_request: Request): Identity {
  return LOCAL_OWNER
}
