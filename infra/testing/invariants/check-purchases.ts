import type { FakeJournal } from '../studio/fake-provider.ts'
import type { ClientLog } from './client-log.ts'

/** I5: each output was bought at most once for each time that a person asked for it. */
export function checkSpend(log: ClientLog, journal: FakeJournal): string[] {
  const rounds = new Map(log.promised().map(({ promised, rounds }) => [promised.id, rounds]))
  const bought = Map.groupBy(boughtOutputs(journal), output => output)
  return [...bought].flatMap(([output, times]) => {
    const allowed = rounds.get(output.slice(0, output.indexOf('/'))) ?? 1
    return times.length <= allowed ? [] : [`I5 ${output} was bought ${times.length} times, asked for ${allowed} times`]
  })
}

/** `<generation>/<index>` for each output that the provider has begun to make. */
function boughtOutputs({ submits }: FakeJournal): string[] {
  return submits
    .filter(({ id }) => id !== null)
    .flatMap(({ idempotencyKey, indices }) => indices.map(index => `${generationOf(idempotencyKey)}/${index}`))
}

/** Which generation a submission was for: its key begins with it. */
export function generationOf(idempotencyKey: string | null): string {
  return idempotencyKey?.slice(0, 36) ?? ''
}
