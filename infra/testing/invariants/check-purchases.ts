import type { FakeRequestLog } from '../studio/fake-provider.ts'
import type { ClientLog } from './client-log.ts'
import type { GenerationSnapshot } from './generation-snapshots.ts'

/**
 * Checks I5: each output was bought at most once per request of a user. The requests are those that the client sent, and of these
 * only as many as the generation's history shows that were accepted.
 */
export function checkSpend(
  log: ClientLog,
  requestLog: FakeRequestLog,
  generations: Map<string, GenerationSnapshot>,
): string[] {
  const requestCounts = new Map(log.listAccepted().map(({ generation, requestCount }) => [generation.id, requestCount]))
  const purchases = Map.groupBy(listPurchases(requestLog), output => output)
  return [...purchases].flatMap(([output, times]) => {
    const id = output.slice(0, output.indexOf('/'))
    const rounds = generations.get(id)?.happened.filter(({ to }) => to === 'queued').length ?? 1
    const allowed = Math.min(requestCounts.get(id) ?? 1, rounds)
    return times.length <= allowed ? [] : [`I5 ${output} was bought ${times.length} times, requested ${allowed} times`]
  })
}

/** Returns `<generation>/<index>` for each output that the provider has started. */
function listPurchases({ submits }: FakeRequestLog): string[] {
  return submits
    .filter(({ id }) => id !== null)
    .flatMap(({ idempotencyKey, indices }) => indices.map(index => `${parseGenerationId(idempotencyKey)}/${index}`))
}

/** Returns the generation of a submission: the key begins with its id. */
export function parseGenerationId(idempotencyKey: string | null): string {
  return idempotencyKey?.slice(0, 36) ?? ''
}
