import { storeSeedImages } from '../../local/seed/images.ts'
import { openDatabase, type Transaction } from '../../src/database/connection.ts'
import { transaction } from '../../src/database/transaction.ts'
import { bumpVersion } from '../../src/generations/generations.ts'
import { LOCAL_OWNER } from '../../src/http/identity.ts'
import { createLog } from '../../src/log.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { TestStudio } from '../studio/test-studio.ts'
import { insertHistoryRows } from './history-rows.ts'

/** The generations of a studio's database, for tests that need many, or a change at a certain moment. */
export interface StudioHistory extends AsyncDisposable {
  /** Inserts generations that finished one per hour, the last an hour ago. No event is published. */
  insertFinished(count: number): Promise<void>
  /** Inserts a generation of four outputs that has just started, and publishes the event. @returns its id */
  insertRunning(): Promise<string>
  /** Returns the id of a finished generation. The oldest has number 1. */
  findId(number: number): Promise<string>
  /** Runs statements that change a generation, and publishes the event as a worker does. */
  updateGeneration(id: string, statements: (tx: Transaction) => Promise<unknown>): Promise<void>
  /** Stores the image of an output, of the expected size or another one. */
  storeOutput(id: string, index: number, size?: { width: number; height: number }): Promise<void>
  /** Vacuums and analyzes the tables, as the database does by itself in time. */
  vacuum(): Promise<void>
  /** Moves a generation to the trash, as another page would. */
  moveToTrash(id: string): Promise<void>
}

const BATCH = 5_000
/** Deadline of a statement and of a transaction. They change thousands of rows at once, which no statement of the studio does. */
const CHANGE_MS = 120_000

/** Connects to a test studio's database, and stores the images that all generations share. */
export async function openStudioHistory(studio: TestStudio): Promise<StudioHistory> {
  const log = createLog({ service: 'history', level: 'error' })
  const options = { url: studio.databaseUrl, name: 'darkroom-history', connections: 2, statementMs: CHANGE_MS, log }
  const database = openDatabase(options)
  const change = <T>(statements: (tx: Transaction) => Promise<T>) =>
    transaction(database, statements, { milliseconds: CHANGE_MS })
  const images = await storeSeedImages(await openStore({ DATA_DIR: studio.dataDir }), LOCAL_OWNER.workspaceId)
  const updateGeneration = (id: string, statements: (tx: Transaction) => Promise<unknown>) =>
    change(async tx => {
      await statements(tx)
      await bumpVersion(tx, { ...LOCAL_OWNER, id })
    })
  return {
    updateGeneration,
    insertFinished: async count => {
      for (let from = 1; from <= count; from += BATCH) {
        const rows = { images, from, to: Math.min(from + BATCH - 1, count), now: count + 1, isRunning: false }
        await change(tx => insertHistoryRows(tx, rows))
      }
    },
    insertRunning: () => change(tx => insertRunning(tx, images)),
    findId: async number => {
      const [row] = await database<{ id: string }[]>`select id from generations where prompt like ${`No. ${number}:%`}`
      if (!row) throw new Error(`generation ${number} does not exist`)
      return row.id
    },
    storeOutput: (id, index, size) =>
      updateGeneration(id, async tx => {
        await tx`
          update generation_outputs set state = 'stored', key = ${images[0]?.key ?? ''},
            width = coalesce(${size?.width ?? null}, width), height = coalesce(${size?.height ?? null}, height)
          where generation_id = ${id} and index = ${index}`
        await tx`update generations set started_at = coalesce(started_at, now()) where id = ${id}`
      }),
    vacuum: async () => void (await database`vacuum analyze`),
    moveToTrash: id => updateGeneration(id, tx => tx`update generations set deleted_at = now() where id = ${id}`),
    [Symbol.asyncDispose]: () => database.end({ timeout: 2 }),
  }
}

async function insertRunning(
  tx: Transaction,
  images: Parameters<typeof insertHistoryRows>[1]['images'],
): Promise<string> {
  await insertHistoryRows(tx, { images, from: 7, to: 7, now: 7, isRunning: true })
  const [row] = await tx<{ id: string }[]>`select id from generations order by created_at desc, id desc limit 1`
  if (!row) throw new Error('no generation was inserted')
  await bumpVersion(tx, { ...LOCAL_OWNER, id: row.id })
  return row.id
}
