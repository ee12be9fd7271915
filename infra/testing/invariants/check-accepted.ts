import type { ClientLog } from './client-log.ts'
import type { GenerationEvidence } from './generation-snapshots.ts'

/** I1 and I12: what was promised is there, under the one id that was named, and nothing is there that nobody asked for. */
export function checkPromises(log: ClientLog, kept: Map<string, GenerationEvidence>): string[] {
  const wrong = log.promised().flatMap(({ promised, clientId, draft, ids }) => {
    const row = kept.get(promised.id)
    if (!row) return [`I1 ${promised.id} was promised and is not there`]
    if (row.prompt !== draft.prompt || row.clientId !== clientId) return [`I1 ${promised.id} is another's`]
    return ids.size === 1 ? [] : [`I12 ${clientId} was told the ids ${[...ids].join(', ')}`]
  })
  const unasked = [...kept.values()].filter(({ clientId }) => !log.asked.has(clientId))
  return [...wrong, ...unasked.map(({ id }) => `I12 nobody asked for ${id}`), ...log.oddities.map(odd => `I12 ${odd}`)]
}
