import type { FakeRequestLog } from '../studio/fake-provider.ts'
import type { ClientLog } from './client-log.ts'

/** Checks I5: each output was bought at most once per request of a user. */
export function checkSpend(log: ClientLog, requestLog: FakeRequestLog): string[] {
  const requestCounts = new Map(log.listAccepted().map(({ generation, requestCount }) => [generation.id, requestCount]))
  const purchases = Map.groupBy(listPurchases(requestLog), output => output)
  return [...purchases].flatMap(([output, times]) => {
    const allowed = requestCounts.get(output.slice(0, output.indexOf('/'))) ?? 1
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
