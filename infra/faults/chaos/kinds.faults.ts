import { afterAll, beforeAll, expect, test } from 'bun:test'
import { checkInvariants } from '../../testing/invariants/check-invariants.ts'
import {
  breakTwoKinds,
  createKindSubmission,
  type FourKinds,
  type KindOfProvider,
  startFourKinds,
} from '../../testing/provider-kinds/four-kinds.ts'
import { checkConnection } from '../../testing/studio/connections-client.ts'
import { isFinished } from '../../testing/studio/studio-client.ts'
import { startTestStack, type TestStack } from '../../testing/studio/test-stack.ts'
import { waitFor } from '../../testing/wait-for.ts'

const WAIT_MS = 120_000
/** More than a connection works on at once, and than the failures that open its circuit breaker. */
const SUBMISSIONS = 8
/** A job has this long; a call that is not answered ends earlier by a tenth, which a job on a busy machine takes to begin. */
const JOB_SECONDS = '20'

let kinds: FourKinds
let stack: TestStack

beforeAll(async () => {
  kinds = await startFourKinds()
  stack = await startTestStack({ env: { ...kinds.env, GENERATION_MAX_SECONDS: JOB_SECONDS } })
  await breakTwoKinds(stack.client, kinds)
})
afterAll(async () => {
  await stack[Symbol.asyncDispose]()
  await kinds[Symbol.asyncDispose]()
})

async function submitTo(kind: KindOfProvider): Promise<string[]> {
  const bodies = Array.from({ length: SUBMISSIONS }, (_, at) => createKindSubmission(kind, `${kind.connection} ${at}`))
  return (await Promise.all(bodies.map(body => stack.client.submit(body)))).map(({ id }) => id)
}

async function countBy(
  ids: readonly string[],
  describe: 'status' | 'waiting' | 'error',
): Promise<Record<string, number>> {
  const all = await Promise.all(ids.map(id => stack.client.getGeneration(id)))
  const words = all.map(({ status, waiting, error }) =>
    describe === 'status' ? status : describe === 'waiting' ? waiting?.reason : error?.code,
  )
  const counts = Map.groupBy(
    words.filter(word => word !== undefined),
    word => word,
  )
  return Object.fromEntries([...counts].map(([word, found]) => [word, found.length]))
}

test('a provider that hangs and one without credit stop nobody else, and are sent no more than shows it', async () => {
  const [hung = [], unpaid = [], ...healthy] = await Promise.all(
    [kinds.hung, kinds.unpaid, ...kinds.healthy].map(submitTo),
  )
  const made = healthy.flat()
  const waitForOthers = async () => (await countBy(made, 'status')).completed === made.length
  await Promise.all([waitFor('the others', WAIT_MS, waitForOthers), expectFewCalls(hung, unpaid)])
})

test('once they work again, what waits is made, each with one submission, and the invariants hold', async () => {
  kinds.repair()
  for (const { connection } of [kinds.hung, kinds.unpaid])
    expect((await checkConnection(stack.client, connection)).state.kind).toBe('ok')
  const rows = await stack.sql<{ id: string }[]>`select id from generations where provider in ('fal', 'bfl')`
  for (const { id } of rows) await stack.client.waitForGeneration(id, isFinished, WAIT_MS)
  const counts = await countBy(
    rows.map(({ id }) => id),
    'status',
  )
  expect((counts.completed ?? 0) + (counts.failed ?? 0)).toBe(2 * SUBMISSIONS)
  expect(kinds.hung.fake.posts()).toBeLessThanOrEqual(SUBMISSIONS)
  expect(await checkInvariants(stack)).toEqual([])
})

/** Waits until the two that do not work are known for it. Looks at once: a circuit breaker lets a probe through after its cool-down. */
async function expectFewCalls(hung: readonly string[], unpaid: readonly string[]): Promise<void> {
  // One call says that there is no credit, those that are under way at that moment as well: two at a time.
  const waitForCredit = async () => ((await countBy(unpaid, 'waiting'))['no-credit'] ?? 0) >= SUBMISSIONS - 2
  await waitFor('the rest to wait for credit', WAIT_MS, waitForCredit)
  expect(kinds.unpaid.fake.posts()).toBeLessThanOrEqual(2)
  // Three calls without an answer open the circuit breaker; one was under way beside the third.
  const waitForBreaker = async () => ((await countBy(hung, 'waiting'))['provider-down'] ?? 0) > 0
  await waitFor('the circuit breaker', WAIT_MS, waitForBreaker)
  expect(kinds.hung.fake.posts()).toBeLessThanOrEqual(4)
  const unknown = (await countBy(hung, 'error')).unknown_outcome ?? 0
  expect(unknown).toBeLessThanOrEqual(kinds.hung.fake.posts())
}
