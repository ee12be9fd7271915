import type { FakeRequestLog } from '../studio/fake-provider.ts'
import type { ClientLog } from './client-log.ts'

/** I5: each output was bought at most once for each time that a person asked for it. */
export function checkSpend(log: ClientLog, journal: FakeRequestLog): string[] {
  const requestCounts = new Map(log.listAccepted().map(({ generation, requestCount }) => [generation.id, requestCount]))
  const purchases = Map.groupBy(listPurchases(journal), output => output)
  return [...purchases].flatMap(([output, times]) => {
    const allowed = requestCounts.get(output.slice(0, output.indexOf('/'))) ?? 1
    return times.length <= allowed ? [] : [`I5 ${output} was bought ${times.length} times, asked for ${allowed} times`]
  })
}

/** `<generation>/<index>` for each output that the provider has begun to make. */
function listPurchases({ submits }: FakeRequestLog): string[] {
  return submits
    .filter(({ id }) => id !== null)
    .flatMap(({ idempotencyKey, indices }) => indices.map(index => `${parseGenerationId(idempotencyKey)}/${index}`))
}

/** Which generation a submission was for: its key begins with it. */
export function parseGenerationId(idempotencyKey: string | null): string {
  return idempotencyKey?.slice(0, 36) ?? ''
}
