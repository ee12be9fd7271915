import type { ClientLog } from './client-log.ts'
import type { GenerationSnapshot } from './generation-snapshots.ts'

/** Checks I1 and I12: every accepted submission exists under its one id, and no generation exists without a submission. */
export function checkAcceptedSubmissions(log: ClientLog, generations: Map<string, GenerationSnapshot>): string[] {
  const violations = log.listAccepted().flatMap(({ generation, clientId, draft, ids }) => {
    const row = generations.get(generation.id)
    if (!row) return [`I1 ${generation.id} was accepted and does not exist`]
    if (row.prompt !== draft.prompt || row.clientId !== clientId) return [`I1 ${generation.id} is another submission's`]
    return ids.size === 1 ? [] : [`I12 ${clientId} received the ids ${[...ids].join(', ')}`]
  })
  const unrequested = [...generations.values()].filter(({ clientId }) => !log.submissions.has(clientId))
  return [
    ...violations,
    ...unrequested.map(({ id }) => `I12 ${id} has no submission`),
    ...log.unexpectedResponses.map(response => `I12 ${response}`),
  ]
}
