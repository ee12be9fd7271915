import type { Database } from '../../src/database/connection.ts'
import { sleep } from '../../src/runtime/timers.ts'
import type { Client } from '../../testing/invariants/client.ts'
import { checkWireInvoice } from '../../testing/invoice/check-wire-invoice.ts'
import { createKindSubmission, type FourKinds, type KindOfProvider } from '../../testing/provider-kinds/four-kinds.ts'
import { checkConnection } from '../../testing/studio/connections-client.ts'

/** Times from a submission until its provider has received it, in ms, of the kinds that work: before the two others are used, and beside them. */
export interface KindWaits {
  before: number[]
  beside: number[]
}

export interface SoakKindsOptions {
  client: Client
  kinds: FourKinds
  /** Length of the soak, in ms: the two that do not work are used in its second half. */
  milliseconds: number
  signal: AbortSignal
}

const PAUSE_MS = 2_000
const RECEIPT_MS = 60_000
const POLL_MS = 5
const MAX_WAIT_RATIO = 1.2

/** Submits to four kinds of provider until the signal is aborted, one of which hangs and one has no credit. */
export async function runKinds({ client, kinds, milliseconds, signal }: SoakKindsOptions): Promise<KindWaits> {
  const waits: KindWaits = { before: [], beside: [] }
  const startedAt = performance.now()
  while (!signal.aborted) {
    const isBeside = performance.now() - startedAt > milliseconds / 2
    if (isBeside)
      for (const kind of [kinds.hung, kinds.unpaid])
        await client.submit(createKindSubmission(kind, `sick ${crypto.randomUUID()}`))
    await Promise.all(
      kinds.healthy.map(async kind => {
        const wait = await measureWait(client, kind, signal)
        if (wait !== undefined) waits[isBeside ? 'beside' : 'before'].push(wait)
      }),
    )
    await sleep(PAUSE_MS, signal)
  }
  return waits
}

/** @returns undefined if the soak has ended meanwhile, or a fault of the studio has taken too long */
async function measureWait(client: Client, kind: KindOfProvider, signal: AbortSignal): Promise<number | undefined> {
  const posts = kind.fake.posts()
  const submittedAt = performance.now()
  await client.submit(createKindSubmission(kind, `well ${crypto.randomUUID()}`))
  while (!signal.aborted && performance.now() - submittedAt < RECEIPT_MS) {
    if (kind.fake.posts() > posts) return performance.now() - submittedAt
    await sleep(POLL_MS, signal)
  }
  return undefined
}

/** Returns the median wait beside the two that do not work, as a multiple of that before; undefined where one of them is not known. */
export function computeWaitRatio({ before, beside }: KindWaits): number | undefined {
  if (before.length === 0 || beside.length === 0) return undefined
  return computeMedian(beside) / computeMedian(before)
}

function computeMedian(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}

/** Checks that those that work wait no longer beside those that do not. @returns violations */
export function checkWaits(waits: KindWaits): string[] {
  const ratio = computeWaitRatio(waits)
  if (ratio === undefined || ratio <= MAX_WAIT_RATIO) return []
  return [`providers that work wait ${ratio.toFixed(2)} times as long beside two that do not`]
}

/** Ends the faults of the two, so that everything that waits for them ends as well. */
export async function repairKinds(client: Client, kinds: FourKinds): Promise<void> {
  kinds.repair()
  for (const { connection } of [kinds.hung, kinds.unpaid]) await checkConnection(client, connection)
}

/** Checks that what each kind has billed is what the studio knows. @returns violations */
export async function checkKindBills(sql: Database, { healthy, hung, unpaid }: FourKinds): Promise<string[]> {
  const checked = await Promise.all(
    [...healthy, hung, unpaid].map(({ connection, fake }) =>
      checkWireInvoice(sql, connection, fake).then(
        () => [],
        error => [`I17 ${connection}: ${String(error instanceof Error ? error.message : error).slice(0, 500)}`],
      ),
    ),
  )
  return checked.flat()
}
