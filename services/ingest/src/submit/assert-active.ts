import type { Queryable } from '@darkroom/infra/database/connection'
import { readStudioState } from '@darkroom/infra/database/studio-state'
import { ProblemError } from '@darkroom/infra/http/problem'

const RESTORED_MESSAGE =
  'This is a restored copy, and its original may still run, so it makes nothing. `bun run restore --take-over` ends that.'

/** Refuses what a provider would be called for, while the studio is a restored copy. @throws ProblemError `conflict` */
export async function assertActive(db: Queryable): Promise<void> {
  const { mode } = await readStudioState(db)
  if (mode === 'restored') throw new ProblemError('conflict', RESTORED_MESSAGE)
}
