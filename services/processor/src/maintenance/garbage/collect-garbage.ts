import type { Database } from '@darkroom/infra/database/connection'
import { readStudioState } from '@darkroom/infra/database/studio-state'
import { transaction } from '@darkroom/infra/database/transaction'
import { sleep } from '@darkroom/infra/runtime/timers'
import type { ListedObject, Store } from '@darkroom/infra/store/store'
import { inspectStore, markStore } from '@darkroom/infra/store/studio-mark'
import { type RemovalDeps, removeNextObjects } from '../remove-objects.ts'
import { findGarbage, namesMost } from './find-garbage.ts'
import { type AgeOptions, type Instant, readCutoff, scheduleGarbage } from './garbage-rows.ts'

export interface CollectDeps extends Omit<RemovalDeps, 'store'>, AgeOptions {
  database: Database
  store: Pick<Store, 'get' | 'list' | 'put' | 'remove' | 'removeUnfinished'>
  signal: AbortSignal
  /** Prints a line. */
  print: (line: string) => void
}

export interface CollectOptions {
  /** Lists the objects and changes nothing. */
  isDryRun: boolean
  /** Removes them although they are suspiciously many. */
  isForced: boolean
  /** Time between the two looks at an object, in seconds: an upload that stores it again has written its row by then. */
  waitSeconds: number
}

/** The store or the studio does not allow to take unnamed objects for garbage. Its message is for people. */
export class CollectError extends Error {
  override readonly name = 'CollectError'
}

const RESTORED_MESSAGE =
  'This studio is a restored copy, whose original may still need these objects. Nothing was removed.'
const FOREIGN_MESSAGE = `The store belongs to another studio, or most of its objects are named by no row of this database. Nothing was
removed. Check S3_BUCKET, DATA_DIR and DATABASE_URL.`
const SHARED_MESSAGE = `Another studio stores its objects in the same bucket (the objects \`studio-id.…\` name it), and no row tells
which are whose. Nothing was removed. Give each studio a bucket of its own.`
const SUSPICIOUS_MESSAGE = `More than half of the objects are named by no row: this may be the wrong database, or an old copy of it.
Nothing was removed. \`--dry-run\` lists them, \`--force\` removes them all the same.`
const MAX_NAMED_FOREIGN = 10

/**
 * Finds objects of the store that no row has named for a day, prints them, and removes them after one more look.
 *
 * @throws CollectError if nothing may be removed
 */
export async function collectGarbage(deps: CollectDeps, options: CollectOptions): Promise<void> {
  const { database, print } = deps
  await assertOwnStore(deps, options)
  const before = await readCutoff(database, deps)
  const { garbage, isSuspicious } = await findAll(deps, before)
  if (options.isDryRun) return
  if (isSuspicious && !options.isForced) throw new CollectError(SUSPICIOUS_MESSAGE)
  const unfinished = await deps.store.removeUnfinished(before)
  if (unfinished > 0) print(`${unfinished} unfinished uploads were removed.`)
  if (garbage.length === 0) return
  const keys = garbage.map(({ key }) => key)
  const scheduled = await transaction(database, tx => scheduleGarbage(tx, keys, options.waitSeconds))
  const known = keys.length - scheduled.size
  if (known > 0) print(`${known} of them are scheduled already, and the running studio removes them.`)
  if (scheduled.size === 0) return
  print(`${scheduled.size} are removed after one more look, in ${options.waitSeconds} seconds.`)
  await sleep(options.waitSeconds * 1_000, deps.signal)
  await removeAll(deps, [...scheduled])
}

async function assertOwnStore({ database, store }: CollectDeps, { isDryRun }: CollectOptions): Promise<void> {
  const { id, mode } = await readStudioState(database)
  if (mode === 'restored') throw new CollectError(RESTORED_MESSAGE)
  const options = { studioId: id, namesMost: (keys: readonly string[]) => namesMost(database, keys) }
  const state = isDryRun ? (await inspectStore(store, options)).state : await markStore(store, options)
  if (state === 'own') return
  throw new CollectError(state === 'foreign' ? FOREIGN_MESSAGE : SHARED_MESSAGE)
}

/** Looks through the whole store, and prints what it has found. */
async function findAll(
  { database, store, signal, print }: CollectDeps,
  before: Instant,
): Promise<{ garbage: ListedObject[]; isSuspicious: boolean }> {
  const garbage: ListedObject[] = []
  const foreignKeys: string[] = []
  let [listed, isSuspicious] = [0, false]
  for (let after: string | null = null, isLast = false; !isLast; ) {
    signal.throwIfAborted()
    const page = await findGarbage({ database, store }, { after, before })
    for (const { key, bytes, lastModified } of page.garbage) print(`${key}  ${bytes}  ${lastModified.toISOString()}`)
    garbage.push(...page.garbage)
    foreignKeys.push(...page.foreignKeys)
    listed += page.listed
    isSuspicious ||= page.isSuspicious
    ;({ last: after, isLast } = page)
  }
  const megabytes = garbage.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6
  print(`${garbage.length} of ${listed} objects are named by no row (${megabytes.toFixed(1)} MB).`)
  printForeignKeys(print, foreignKeys)
  return { garbage, isSuspicious }
}

function printForeignKeys(print: (line: string) => void, keys: readonly string[]): void {
  if (keys.length === 0) return
  const more = keys.length > MAX_NAMED_FOREIGN ? ', …' : ''
  print(
    `${keys.length} have keys that Darkroom does not make, and stay: ${keys.slice(0, MAX_NAMED_FOREIGN).join(', ')}${more}`,
  )
}

async function removeAll(deps: CollectDeps, keys: readonly string[]): Promise<void> {
  while (!deps.signal.aborted && (await removeNextObjects(deps)));
  const [row] = await deps.database<{ count: number }[]>`
    select count(*)::int as count from object_removals where key = any(${keys})`
  const waiting = row?.count ?? 0
  if (waiting === 0) return deps.print('They are removed, except for those that a row names by now.')
  deps.print(
    `${waiting} could not be removed yet (a backup runs, or the store failed). The running studio removes them.`,
  )
}
