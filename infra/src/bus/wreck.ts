import { STREAMS } from '@darkroom/contracts/subjects'
import type { JetStreamManager, NatsError } from 'nats'
import { sleep } from '../deadline.ts'

const NAMES: readonly string[] = Object.values(STREAMS).map(({ name }) => name)
const IN_FOLDER = /\/streams\/(\w+)\/.*no such file/i
const CLEARING_MS = 1_000

/**
 * A server before 2.10 that makes a stream while it is still clearing away a deleted one of the same name takes the new one's
 * folder along, and then refuses everything for ever. Such a wreck is deleted, to be made anew by whoever needs it next: what
 * was in it follows from rows.
 *
 * @param error what the server said; nothing is done if that is anything else
 */
export async function clearWreck(manager: JetStreamManager, error: unknown, signal: AbortSignal): Promise<void> {
  const name = wreckIn(error)
  if (name === undefined) return
  await manager.streams.delete(name).catch(() => {})
  // Made at once it would be the next one.
  await sleep(CLEARING_MS, signal)
}

function wreckIn(error: unknown): string | undefined {
  const said = (error as Partial<NatsError>)?.api_error?.description ?? ''
  const name = IN_FOLDER.exec(said)?.[1]?.toUpperCase()
  return name !== undefined && NAMES.includes(name) ? name : undefined
}
