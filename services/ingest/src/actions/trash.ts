import { isTerminal } from '@darkroom/contracts/lifecycle'
import type { Database } from '@darkroom/infra/database/connection'
import { touch } from '@darkroom/infra/generations/generations'
import type { Identity } from '@darkroom/infra/http/identity'
import { stop } from './cancel.ts'
import { putIntoTrash, takeOutOfTrash } from './trash-rows.ts'
import { change, changed } from './with-generation.ts'

/** Puts a generation into the trash, cancelled first if it has not ended. @throws ProblemError `not_found` */
export async function remove(deps: { database: Database }, identity: Identity, id: string): Promise<void> {
  await change(deps, identity, id, async (tx, held) => {
    if (held.place === 'trash') return
    if (!isTerminal(held.status)) await stop(tx, held)
    await putIntoTrash(tx, id)
    await touch(tx, id)
  })
}

/** Takes a generation out of the trash. @returns its JSON text @throws ProblemError `not_found` */
export async function restore(deps: { database: Database }, identity: Identity, id: string): Promise<string> {
  return await changed(deps, identity, id, async (tx, held) => {
    if (held.place === 'studio') return
    await takeOutOfTrash(tx, id)
    await touch(tx, id)
  })
}
